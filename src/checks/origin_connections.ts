/** `{ origin: app1, connections: "= 1" }` */
import { z } from 'zod'
import { compared, comparison } from './comparison.js'
import { checkKind, origin } from './kind.js'

export const origin_connections = checkKind({
  summary: 'how many connections an origin accepted',
  schema: z.strictObject({ origin, connections: comparison('count') }),
  evaluate: (check, facts) =>
    compared(`origin ${check.origin} connections`, check.connections, facts.connections.get(check.origin) ?? 0),
})
