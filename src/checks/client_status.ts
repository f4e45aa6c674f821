/** `{ client: plain, status: 502, count: "= 5" }` */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, client, countOf, status } from './kind.js'

export const client_status = checkKind({
  summary: 'how many requests of a client ended with that status, retries done',
  schema: z.strictObject({ client, status, count: comparison('count') }),
  evaluate(check, facts) {
    const name = `client ${check.client} status ${check.status}`
    const metrics = facts.clients.get(check.client)?.metrics
    if (!metrics?.requests) return inconclusive(name, check.count, 'no requests')
    return compared(name, check.count, countOf(metrics.statuses, String(check.status)))
  },
})
