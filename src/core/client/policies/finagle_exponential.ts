import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, grown, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('finagle_exponential'),
  ...retrying,
  base: duration().prefault('100ms').meta({ description: 'The first wait' }),
  cap: cap('20s'),
})

/** In the source: against the overflow of a long. */
const MOST_SHIFT = 62

/**
 * Finagle's own, which is not full jitter: the first wait is the base, undrawn, and from then on it is the last *drawn* wait
 * that is multiplied, by 2^(n-1), so that the exponents add up. Once the window reaches the cap every further wait is the cap,
 * with no jitter left: clients that failed for long come back together.
 */
export const finagle_exponential = {
  summary:
    "Finagle's exponentialJittered: at first base, then U(0, before x 2^(n-1)); at the cap all waits are the cap, without jitter",
  source: 'twitter/finagle, Backoff.scala (04cbbec)',
  schema,
  wait({ base, cap }, n, draw, memory) {
    const window = n === 1 ? base : grown(memory, 2, Math.min(n - 1, MOST_SHIFT))
    const ms = window >= cap ? cap : n === 1 ? base : draw * window
    return { ms, memory: ms }
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
