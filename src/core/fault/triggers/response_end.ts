import { z } from 'zod'

export const response_end = {
  summary: 'the whole response is on the wire, its end included',
  scope: 'request',
  effects: ['reset', 'close', 'send', 'crash'],
  schema: z.strictObject({ type: z.literal('response_end') }),
} as const
