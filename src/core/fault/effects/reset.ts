import { z } from 'zod'

export const reset = {
  summary: 'the TCP connection ends with RST, once the peer has read what was sent before',
  schema: z.strictObject({ type: z.literal('reset') }),
} as const
