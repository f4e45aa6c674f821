import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, factor, grown, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('exponential'),
  ...retrying,
  base: duration().prefault('1s').meta({ description: 'The first wait' }),
  factor: factor('Each wait is so many times the one before'),
  cap: cap('30s'),
})

/**
 * The exponent starts at 0: the first wait is the base, as in undici, ky and curl. Nothing is drawn, so that clients which
 * failed together come back together.
 */
export const exponential = {
  summary: 'exponential backoff without jitter: the n-th wait is min(cap, base x factor^(n-1))',
  source: 'undici 8 (base 500ms, 6 attempts), ky 2 (base 300ms), curl --retry (cap 10m)',
  schema,
  wait: ({ cap, base, factor }, n, _draw, memory) => ({ ms: Math.min(cap, grown(base, factor, n - 1)), memory }),
} as const satisfies PolicyKind<z.output<typeof schema>>
