import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, factor, grown, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('additive'),
  ...retrying,
  base: duration().prefault('1s').meta({ description: 'What is multiplied; the first wait is factor times as long' }),
  factor: factor('Each wait is so many times the one before'),
  jitter: duration().prefault('1s').meta({ description: 'Up to this is added, drawn anew each time' }),
  cap: cap('500h'),
})

/**
 * The exponent starts at 1, the number of the attempt that failed: with the defaults the first wait is 2 to 3 s. got 15 starts
 * its at 0 (1000 ms x 2^(n-1) + U(0, 100 ms)): base 500ms and jitter 100ms. The jitter does not grow with the wait, and under
 * a cap it is cut off.
 */
export const additive = {
  summary: 'the n-th wait is min(cap, base x factor^n + U(0, jitter)): 2^n s and up to 1 s as it comes',
  source: 'the formula 2^attempt + jitter of guides on 502 (scraping-glossary); got 15 (base 500ms, jitter 100ms)',
  schema,
  wait: ({ cap, base, factor, jitter }, n, draw, memory) => ({
    ms: Math.min(cap, grown(base, factor, n) + jitter * draw),
    memory,
  }),
} as const satisfies PolicyKind<z.output<typeof schema>>
