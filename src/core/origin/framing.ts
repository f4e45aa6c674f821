/** How strict an origin is about the framing of requests (RFC 9112 section 6). Pure; serve.ts asks, a simulator may. */
import { z } from 'zod'

export const requestFramingSchema = z.strictObject({
  without_length: z
    .literal(['accept', 411, 'close'])
    .default('accept')
    .meta({ description: 'A body whose Content-Length is not told, as a chunked one' }),
  unknown_coding: z.literal(['accept', 501, 'close']).default('accept').meta({
    description:
      'A Transfer-Encoding other than chunked; accept: as Node has it, which takes what ends in chunked and answers 400 otherwise',
  }),
})

export type RequestFraming = z.output<typeof requestFramingSchema>

export interface Framing {
  method: string
  contentLength: string | undefined
  transferEncoding: string | undefined
}

/** What the origin makes of it: a status, the end of the connection, or undefined where nothing is wrong. */
export function refusalOf(config: RequestFraming, request: Framing): 411 | 501 | 'close' | undefined {
  const { contentLength, transferEncoding: coding } = request
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked' && config.unknown_coding !== 'accept') {
    return config.unknown_coding
  }
  const lacksLength = coding !== undefined || (contentLength === undefined && WITH_BODY.has(request.method))
  return lacksLength && config.without_length !== 'accept' ? config.without_length : undefined
}

/** Methods whose requests have a body, be it an empty one. */
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])
