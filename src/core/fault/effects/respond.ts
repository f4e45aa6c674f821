import { z } from 'zod'
import { responseSchema } from '../../origin/response.js'

export const respond = {
  summary: 'another, valid response than usual is sent',
  schema: z.strictObject({ type: z.literal('respond'), ...responseSchema.shape }),
} as const
