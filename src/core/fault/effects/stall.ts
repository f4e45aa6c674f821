import { z } from 'zod'

export const stall = {
  summary: 'nothing is sent any more, the connection stays open',
  schema: z.strictObject({ type: z.literal('stall') }),
} as const
