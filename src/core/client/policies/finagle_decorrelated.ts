import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('finagle_decorrelated'),
  ...retrying,
  base: duration().prefault('100ms').meta({ description: 'The first wait' }),
  cap: cap('20s'),
})

/**
 * Finagle's own: the lower end of the draw is the wait before, where AWS has the base. So no wait is shorter than the one
 * before, the jitter shrinks to nothing as the cap comes near, and clients that failed for long come back together.
 */
export const finagle_decorrelated = {
  summary:
    "Finagle's decorrelatedJittered: at first base, then U(before, min(cap, 3 x before)): never shorter, and at the cap without jitter",
  source: 'twitter/finagle, Backoff.scala (04cbbec)',
  schema,
  wait({ base, cap }, n, draw, memory) {
    const before = Math.min(cap, n === 1 ? base : memory)
    const ms = n === 1 ? before : before + draw * (Math.min(cap, 3 * before) - before)
    return { ms, memory: ms }
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
