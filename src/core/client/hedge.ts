/**
 * Hedging: a second attempt beside the first one that is slow, and the first answer counts (Dean and Barroso, "The
 * Tail at Scale", 2013; gRFC A6, 2017). call.ts carries the rule out; here stands what can be told of it.
 */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'

export const hedgeSchema = z.strictObject({
  after: duration().meta({ description: 'So long after an attempt was sent another one goes beside it' }),
  attempts: z
    .int()
    .min(2)
    .max(100)
    .default(2)
    .meta({ description: 'So many in all, the first included; with a retry policy, for each of its attempts' }),
  cancel: z.boolean().default(true).meta({
    description: 'When one was answered, the connections of the others are closed; else they end by themselves',
  }),
})

export type HedgeConfig = z.output<typeof hedgeSchema>

/** How many attempts may go beside the first one. */
export const hedgesOf = (hedge: HedgeConfig | undefined): number => (hedge === undefined ? 0 : hedge.attempts - 1)
