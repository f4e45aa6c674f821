/** `{ client: plain, proxy_status: "error=tls_alert_received; alert-id=40", count: "= 3" }` */
import { z } from 'zod'
import { comparison, inconclusive } from './comparison.js'
import { containing } from './containing.js'
import { checkKind, client } from './kind.js'

export const client_proxy_status = checkKind({
  summary: 'how many attempts of a client got a Proxy-Status that contains these words',
  schema: z.strictObject({
    client,
    proxy_status: z.string().min(1).meta({ description: 'A part of the field, such as "lb; error=dns_error"' }),
    count: comparison('count'),
  }),
  evaluate(check, facts) {
    const name = `client ${check.client} proxy status "${check.proxy_status}"`
    const seen = facts.clients.get(check.client)
    if (!seen?.metrics.attempts) return inconclusive(name, check.count, 'no attempts')
    const wanted = tight(check.proxy_status)
    return containing(name, check.count, seen.proxyStatuses, (field) => tight(field).includes(wanted))
  },
})

/** Without the spaces that may stand behind a semicolon and say nothing (RFC 9651 section 3.1.2). */
const tight = (field: string): string => field.replace(/;\s+/g, ';')
