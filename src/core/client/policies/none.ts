import { z } from 'zod'

export const none = {
  summary: 'one attempt, never again',
  source: 'most HTTP clients as they come',
  schema: z.strictObject({ type: z.literal('none') }),
} as const
