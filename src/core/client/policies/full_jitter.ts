import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, grown, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('full_jitter'),
  ...retrying,
  base: duration().prefault('100ms').meta({ description: 'The first wait is drawn from 0 to this' }),
  cap: cap('20s'),
})

/**
 * The exponent starts at 0, as in the AWS SDKs (smithy-typescript util-retry, 2026). The simulator behind the AWS
 * article of 2015 counts its attempt up before the first backoff, so its first window is twice its base: for that,
 * write twice the base here.
 */
export const full_jitter = {
  summary: 'exponential backoff with full jitter: the n-th wait is drawn from 0 to min(cap, base x 2^(n-1))',
  source: 'AWS Architecture Blog, Exponential Backoff And Jitter, 2015; AWS SDK for JavaScript v3',
  schema,
  wait: (policy, n, draw, memory) => ({ ms: draw * Math.min(policy.cap, grown(policy.base, 2, n - 1)), memory }),
} as const satisfies PolicyKind<z.output<typeof schema>>
