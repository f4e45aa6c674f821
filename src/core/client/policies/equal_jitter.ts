import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, grown, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('equal_jitter'),
  ...retrying,
  base: duration().prefault('100ms').meta({ description: 'The first wait is drawn from half of this to this' }),
  cap: cap('20s'),
})

/**
 * The exponent starts at 0: the first wait is drawn from half the base to the base. AWS's simulator starts it at 1: write
 * twice its base.
 */
export const equal_jitter = {
  summary: 'half of the exponential wait is kept, half is drawn: e / 2 + U(0, e / 2) with e = min(cap, base x 2^(n-1))',
  source: 'AWS Architecture Blog, Exponential Backoff And Jitter, 2015',
  schema,
  wait(policy, n, draw, memory) {
    const half = Math.min(policy.cap, grown(policy.base, 2, n - 1)) / 2
    return { ms: half + half * draw, memory }
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
