import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'

const schema = z.strictObject({
  type: z.literal('full_jitter'),
  attempts: z.int().min(1).max(100).default(3).meta({ description: 'Attempts in all, the first included' }),
  base: duration().prefault('100ms').meta({ description: 'The first wait is drawn from 0 to this' }),
  cap: duration().prefault('20s').meta({ description: 'No wait is longer' }),
})

/** Exponential backoff with full jitter: U(0, min(cap, base x 2^(n-1))) after attempt n (AWS Architecture Blog, 2015). */
export const full_jitter = {
  summary: 'exponential backoff with full jitter: the n-th wait is drawn from 0 to min(cap, base x 2^(n-1))',
  schema,
  delayMs: (policy: z.output<typeof schema>, attempt: number, draw: number): number =>
    draw * Math.min(policy.cap, policy.base * 2 ** (attempt - 1)),
} as const
