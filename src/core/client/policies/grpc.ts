import { z } from 'zod'
import { duration, share } from '../../../lib/quantity.js'
import { factor, grown, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('grpc'),
  ...retrying,
  base: duration().prefault('100ms').meta({ description: 'The first wait, in the middle' }),
  factor: factor('Each wait is so many times the one before'),
  spread: share().prefault('20%').meta({ description: 'So far the draw goes, down and up' }),
  cap: duration().prefault('1s').meta({ description: 'The middle of no wait is longer' }),
})

/**
 * The exponent starts at 0. The draw comes after the cap, so that waits reach 1.2 times the cap and there is jitter at the cap
 * too. (The gRFC of 2017 drew from 0; that is full_jitter.) A spread of 50% and a factor of 1.5 are resilience4j's
 * randomised backoff. gRPC clients make at most 5 attempts, whatever is configured.
 */
export const grpc = {
  summary: 'the n-th wait is min(cap, base x factor^(n-1)) x U(1 - spread, 1 + spread), the draw after the cap',
  source: 'gRFC A6 (initialBackoff, backoffMultiplier, maxBackoff), as amended: U(0.8, 1.2)',
  schema,
  wait({ base, factor, spread, cap }, n, draw, memory) {
    const middle = Math.min(cap, grown(base, factor, n - 1))
    return { ms: middle * (1 - spread + 2 * spread * draw), memory }
  },
} as const satisfies PolicyKind<z.output<typeof schema>>
