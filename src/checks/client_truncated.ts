/** `{ client: plain, truncated: ">= 1" }` */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, client } from './kind.js'

export const client_truncated = checkKind({
  summary: 'how many attempts of a client got a response that ended before its framing said so',
  schema: z.strictObject({ client, truncated: comparison('count') }),
  evaluate(check, facts) {
    const name = `client ${check.client} truncated`
    const metrics = facts.clients.get(check.client)?.metrics
    if (!metrics?.attempts) return inconclusive(name, check.truncated, 'no attempts')
    return compared(name, check.truncated, metrics.truncated)
  },
})
