import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('decorrelated_jitter'),
  ...retrying,
  base: duration().prefault('100ms').meta({ description: 'No wait is shorter' }),
  cap: cap('20s'),
})

/**
 * There is no exponent: what the last wait was decides, and before the first it was the base. The first is drawn from the base
 * to three times the base, as in AWS's simulator. At the cap the draws that exceed it make it the cap.
 */
export const decorrelated_jitter = {
  summary:
    'the wait is drawn between base and three times the one before: min(cap, U(base, 3 x before)), at first before = base',
  source: 'AWS Architecture Blog, Exponential Backoff And Jitter, 2015',
  schema,
  wait({ base, cap }, n, draw, memory) {
    const before = n === 1 ? base : memory
    const ms = Math.min(cap, base + draw * (3 * before - base))
    return { ms, memory: ms }
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
