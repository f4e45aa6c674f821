import { z } from 'zod'
import { responseWith } from '../../origin/response.js'

export const respond = {
  summary: 'another, valid response than usual is sent',
  schema: responseWith({ type: z.literal('respond') }),
} as const
