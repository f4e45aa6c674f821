import { z } from 'zod'
import { distributionSchema } from '../../../lib/distribution.js'

export const delay = {
  summary: 'it goes on, but later: after a fixed time, or one drawn from a distribution',
  schema: z.strictObject({ type: z.literal('delay'), by: distributionSchema }),
} as const
