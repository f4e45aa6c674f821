import { z } from 'zod'

export const blackhole = {
  summary: 'the SYN is dropped: whoever dials waits for its own timeout',
  schema: z.strictObject({ type: z.literal('blackhole') }),
} as const
