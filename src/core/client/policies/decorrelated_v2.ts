import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, factor, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('decorrelated_v2'),
  ...retrying,
  base: duration().prefault('1s').meta({ description: 'About the median of the first wait' }),
  factor: factor('The median of when a retry comes grows so many times'),
  cap: cap('30s'),
})

/**
 * Retry n is drawn on a curve, at t from n - 1 to n, and the wait is how far the curve rose since the draw before: whoever
 * came early waits longer now. `memory` is the height of the curve. 4 smooths the first wait; 1 / 1.4 brings the medians of
 * the times of retries, which are sums of waits, near 1, 2, 4 times the base. The median waits themselves are about 0.9, 1.1,
 * 2, 4 times the base, and a long one may be followed by one of nearly zero.
 */
export const decorrelated_v2 = {
  summary:
    'retry n comes when f(n - 1 + U(0, 1)) x base / 1.4 has passed, f(t) = factor^t x tanh(2 sqrt(t)): about base x 2^(n-1)',
  source:
    'Polly.Contrib.WaitAndRetry and Polly 8, DecorrelatedJitterBackoffV2; cockatiel 4 (ExponentialBackoff: base 128ms, cap 30s)',
  schema,
  wait({ base, factor, cap }, n, draw, memory) {
    const t = n - 1 + draw
    const height = factor ** t * Math.tanh(Math.sqrt(4 * t))
    const rise = Number.isFinite(height) ? Math.max(0, height - memory) : Number.POSITIVE_INFINITY
    return { ms: base === 0 ? 0 : Math.min(cap, (rise / 1.4) * base), memory: height }
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
