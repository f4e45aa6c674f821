import { z } from 'zod'

export const stall = {
  summary: 'nothing is sent any more, the connection stays open; on a link the window’s end lets it go on',
  schema: z.strictObject({ type: z.literal('stall') }),
} as const
