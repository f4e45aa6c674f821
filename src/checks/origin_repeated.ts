/** `{ origin: app, repeated: "= 0" }`. Somebody was charged twice for each of these. */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, origin } from './kind.js'

export const origin_repeated = checkKind({
  summary: 'how many operations an origin that counts them applied more than once',
  schema: z.strictObject({ origin, repeated: comparison('count') }),
  evaluate(check, facts) {
    const name = `origin ${check.origin} repeated`
    const operations = facts.origins.get(check.origin)?.operations
    if (!operations?.applied) return inconclusive(name, check.repeated, 'no operations')
    return compared(name, check.repeated, operations.repeated)
  },
})
