import { z } from 'zod'

export const none = {
  summary: 'one attempt, never again',
  schema: z.strictObject({ type: z.literal('none') }),
} as const
