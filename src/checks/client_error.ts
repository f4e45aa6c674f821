/** `{ client: plain, error: connection_terminated, count: ">= 1" }` */
import { z } from 'zod'
import { errorTypeNames } from '../core/error_types.js'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, client, countOf, ofProxyStatus } from './kind.js'

export const client_error = checkKind({
  summary: 'how many attempts of a client met that error, told by a proxy or perceived by the client itself',
  schema: z.strictObject({
    client,
    error: z.enum(errorTypeNames).meta({ description: 'An error type of RFC 9209' }),
    count: comparison('count'),
  }),
  unknown: ofProxyStatus,
  evaluate(check, facts) {
    const name = `client ${check.client} error ${check.error}`
    const metrics = facts.clients.get(check.client)?.metrics
    if (!metrics?.attempts) return inconclusive(name, check.count, 'no attempts')
    return compared(name, check.count, countOf(metrics.errors, check.error))
  },
})
