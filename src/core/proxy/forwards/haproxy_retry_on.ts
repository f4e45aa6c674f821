/** HAProxy's retry-on: the words for what may be retried, and which of them a failure falls under. haproxy.ts asks it. */
import { z } from 'zod'
import type { Failure } from '../../failure.js'

const words = ['conn-failure', 'empty-response', 'junk-response', 'response-timeout', '0rtt-rejected'] as const
const statuses = [401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504] as const

export type RetryEvent = (typeof words)[number]
export type RetryOn = ReadonlySet<RetryEvent | number>

/** What all-retryable-errors stands for. */
const retryable = [...words, 500, 502, 503, 504] as const

const one = z.union([z.enum([...words, 'all-retryable-errors']), z.literal(statuses)])

export const retryOnSchema = z
  .union([
    z.literal('none').transform(() => []),
    z.literal('all-retryable-errors').transform(() => [...retryable]),
    z.array(one),
  ])
  .prefault(['conn-failure'])
  .meta({
    description:
      'What is tried again, as in HAProxy: none, or a list of conn-failure, empty-response, junk-response, response-timeout, 0rtt-rejected, statuses, all-retryable-errors',
  })

/** What they are all together. */
export const retryOnOf = (said: z.output<typeof retryOnSchema>): RetryOn =>
  new Set(said.flatMap((word) => (word === 'all-retryable-errors' ? [...retryable] : [word])))

/** After the request was sent, and before a whole head came. Half a head and then the end is no response at all. */
export function retryEvent({ manner }: Failure): RetryEvent | undefined {
  if (manner === 'timeout') return 'response-timeout'
  if (manner === 'http') return 'junk-response'
  return manner === 'closed' || manner === 'reset' ? 'empty-response' : undefined
}
