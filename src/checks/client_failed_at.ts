/** `{ client: plain, failed_at: edge, count: "= 3" }` */
import { z } from 'zod'
import { layers } from '../core/who_failed.js'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, client, ofProxyStatus } from './kind.js'

export const client_failed_at = checkKind({
  summary: 'how many attempts of a client got an error that its headers alone lay to that layer',
  schema: z.strictObject({
    client,
    failed_at: z.enum(layers).meta({ description: 'Who failed, as the status and the headers of the response tell' }),
    count: comparison('count'),
  }),
  unknown: ofProxyStatus,
  evaluate(check, facts) {
    const name = `client ${check.client} failed at ${check.failed_at}`
    const seen = facts.clients.get(check.client)
    if (!seen?.metrics.attempts) return inconclusive(name, check.count, 'no attempts')
    return compared(name, check.count, seen.layers.get(check.failed_at) ?? 0)
  },
})
