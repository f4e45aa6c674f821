import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'

export const crash = {
  summary: 'the process of the hop is killed, and with it its listener and every connection',
  schema: z.strictObject({
    type: z.literal('crash'),
    restart_after: duration().optional().meta({ description: 'A new process takes its place after so long' }),
  }),
} as const
