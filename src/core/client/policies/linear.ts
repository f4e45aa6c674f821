import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { cap, type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('linear'),
  ...retrying,
  base: duration()
    .prefault('1s')
    .meta({ description: 'The first wait, and by how much each is longer than the one before' }),
  cap: cap('30s'),
})

/**
 * The first wait is one base: n starts at 1, as in wretch and wget.
 */
export const linear = {
  summary: 'the n-th wait is min(cap, base x n)',
  source: 'wretch 3 (base 500ms), wget --waitretry (base 1s, cap 10s)',
  schema,
  wait: (policy, n, _draw, memory) => ({ ms: Math.min(policy.cap, policy.base * n), memory }),
} as const satisfies PolicyKind<z.output<typeof schema>>
