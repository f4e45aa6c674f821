import { z } from 'zod'
import { duration, size } from '../../../lib/quantity.js'

export const throttle = {
  summary: 'what follows moves in small chunks, one per interval',
  schema: z.strictObject({
    type: z.literal('throttle'),
    chunk: size()
      .refine((bytes) => bytes > 0, 'expected at least 1B')
      .prefault('1B'),
    every: duration().prefault('50ms'),
  }),
} as const
