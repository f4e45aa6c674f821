/** `{ origin: app, stops: ">= 1" }` */
import { z } from 'zod'
import { compared, comparison } from './comparison.js'
import { checkKind, origin } from './kind.js'

export const origin_stops = checkKind({
  summary: 'how often an origin stopped accepting connections, for want of a worker',
  schema: z.strictObject({ origin, stops: comparison('count') }),
  evaluate: (check, facts) =>
    compared(`origin ${check.origin} stops`, check.stops, facts.origins.get(check.origin)?.stops ?? 0),
})
