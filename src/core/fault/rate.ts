/**
 * Which occasions are above a rate: a bucket of tokens, one for all or one for each source address. An occasion that is
 * above the rate takes no token, as in nginx's limit_req. The plan and a proxy's rate limit ask it; the time is an argument.
 */
import { z } from 'zod'
import { rate } from '../../lib/quantity.js'

const whole = z.strictObject({
  rate: rate(),
  burst: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'So many may come at once; if absent, what comes in a second at that rate' }),
  per: z
    .enum(['all', 'source'])
    .default('all')
    .meta({ description: 'One limit for all, or one for each address that they come from' }),
})

export const rateOverSchema = z.union([
  rate().transform((perSecond) => ({ rate: perSecond, burst: undefined, per: 'all' as const })),
  whole,
])

export type RateOver = z.output<typeof rateOverSchema>

export interface RateGauge {
  /** Whether the occasion is above the rate; if it is not, it counts. Times must not decrease. */
  isOver(nowMs: number, source: string | undefined): boolean
  /** What is missing, from 0 to 1, for one more to be within the rate; as of the last occasion of that source. */
  lacking(source: string | undefined): number
  reset(): void
}

/** Sources beyond it: whoever was quiet for longest is forgotten, and starts anew. */
const SOURCES_LIMIT = 10_000

export function createRateGauge(config: RateOver): RateGauge {
  const depth = config.burst ?? Math.max(1, Math.ceil(config.rate))
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  const bucketOf = (key: string, nowMs: number) => {
    const bucket = buckets.get(key) ?? { tokens: depth, atMs: nowMs }
    // Last in the order of the map is who came last.
    buckets.delete(key)
    if (buckets.size >= SOURCES_LIMIT) buckets.delete(buckets.keys().next().value!)
    buckets.set(key, bucket)
    return bucket
  }
  const keyOf = (source: string | undefined): string => (config.per === 'source' ? (source ?? '') : '')
  return {
    isOver(nowMs, source) {
      const bucket = bucketOf(keyOf(source), nowMs)
      const gained = (Math.max(0, nowMs - bucket.atMs) * config.rate) / 1000
      bucket.tokens = Math.min(depth, bucket.tokens + gained)
      bucket.atMs = nowMs
      // What is missing by rounding only is there.
      if (bucket.tokens < 1 - 1e-9) return true
      bucket.tokens -= 1
      return false
    },
    lacking: (source) => Math.max(0, 1 - (buckets.get(keyOf(source))?.tokens ?? depth)),
    reset: () => buckets.clear(),
  }
}
