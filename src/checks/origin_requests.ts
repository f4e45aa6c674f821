/** `{ origin: app1, requests: "= 0" }`. None is a finding: that nothing reached the origin tells where the path broke. */
import { z } from 'zod'
import { compared, comparison } from './comparison.js'
import { checkKind, origin } from './kind.js'

export const origin_requests = checkKind({
  summary: 'how many requests an origin read, health checks left out',
  schema: z.strictObject({ origin, requests: comparison('count') }),
  evaluate: (check, facts) =>
    compared(`origin ${check.origin} requests`, check.requests, facts.origins.get(check.origin)?.requests ?? 0),
})
