/**
 * How many requests a proxy lets in: nginx's limit_req with nodelay, so what is over the rate and the burst is refused
 * and counts for nothing. The proxy asks before it looks for a server; the time is an argument.
 */
import { z } from 'zod'
import { rate } from '../../lib/quantity.js'
import { type Failure, overRate } from '../failure.js'
import { createRateGauge } from '../fault/rate.js'

export const rateLimitSchema = z.strictObject({
  rate: rate(),
  burst: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .meta({ description: 'So many more than the rate allows may come at once' }),
  per: z
    .enum(['all', 'source'])
    .default('source')
    .meta({ description: 'One limit for all clients, or one for each address' }),
  status: z.literal([429, 503]).default(429).meta({ description: 'What the others are told; nginx says 503' }),
})

export type RateLimitConfig = z.output<typeof rateLimitSchema>

export interface RateLimit {
  /** Undefined: the request may pass, and counts. Times must not decrease. */
  admit(nowMs: number, source: string): Refused | undefined
}

export interface Refused {
  failure: Failure
  /** How far it is above the rate, in requests: what nginx's log gives as `excess`. */
  excess: number
}

export function createRateLimit({ rate, burst, per, status }: RateLimitConfig): RateLimit {
  // One request and the burst at once: as many tokens.
  const gauge = createRateGauge({ rate, burst: burst + 1, per })
  const failure = overRate(status)
  return {
    admit(nowMs, source) {
      if (!gauge.isOver(nowMs, source)) return undefined
      return { failure, excess: burst + gauge.lacking(source) }
    },
  }
}
