import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, grown, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('finagle_equal'),
  ...retrying,
  base: duration().prefault('100ms').meta({ description: 'The first wait' }),
  cap: cap('20s'),
})

/**
 * Finagle's own: the first wait is the base, undrawn, and from the second on the windows are those of equal_jitter. But once
 * a draw reaches the cap every further wait is the cap, with no jitter left.
 */
export const finagle_equal = {
  summary:
    "Finagle's equalJittered: at first base, then e + U(0, e) with e = base x 2^(n-2); at the cap all waits are the cap, without jitter",
  source: 'twitter/finagle, Backoff.scala (04cbbec)',
  schema,
  wait({ base, cap }, n, draw, memory) {
    if (n === 1) return { ms: Math.min(cap, base), memory }
    // Where a draw reached the cap, the next half is above it: the cap stays.
    const half = grown(base, 2, n - 2)
    return { ms: Math.min(cap, half + draw * half), memory }
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
