/** `{ origin: app, applied: "= 5" }`. None is a finding: the work was never done. */
import { z } from 'zod'
import { compared, comparison } from './comparison.js'
import { checkKind, origin } from './kind.js'

export const origin_applied = checkKind({
  summary: 'how often an origin that counts operations applied any: what was done, whatever was answered',
  schema: z.strictObject({ origin, applied: comparison('count') }),
  evaluate: (check, facts) =>
    compared(`origin ${check.origin} applied`, check.applied, facts.origins.get(check.origin)?.operations.applied ?? 0),
})
