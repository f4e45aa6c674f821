/**
 * `{ client: plain, proxy_status: "error=tls_alert_received; alert-id=40", count: "= 3" }`, or, hop by hop from the
 * origin on, `{ client: plain, proxy_status: ["inner; error=connection_refused", "edge; received-status=502"], … }`
 */
import { parseList, serializeList } from 'structured-headers'
import { z } from 'zod'
import { comparison, inconclusive } from './comparison.js'
import { containing } from './containing.js'
import { checkKind, client, ofProxyStatus } from './kind.js'

const part = z.string().min(1).meta({ description: 'Such as "lb; error=dns_error"' })

export const client_proxy_status = checkKind({
  summary: 'how many attempts of a client got a Proxy-Status that contains these words',
  schema: z.strictObject({
    client,
    proxy_status: z.union([part, z.array(part).min(1)]).meta({
      description: 'A part of the field; or how each of its members begins, all of them, that nearest the origin first',
    }),
    count: comparison('count'),
  }),
  unknown: ofProxyStatus,
  evaluate(check, facts) {
    const { proxy_status: wanted } = check
    const name = `client ${check.client} proxy status "${[wanted].flat().join(', ')}"`
    const seen = facts.clients.get(check.client)
    if (!seen?.metrics.attempts) return inconclusive(name, check.count, 'no attempts')
    const fits = Array.isArray(wanted)
      ? (field: string) => isWay(field, wanted)
      : (field: string) => tight(field).includes(tight(wanted))
    return containing(name, check.count, seen.proxyStatuses, fits)
  },
})

/** Without the spaces that may stand behind a semicolon and say nothing (RFC 9651 section 3.1.2). */
const tight = (field: string): string => field.replace(/;\s+/g, ';')

/** As many members as parts, in the same order (RFC 9209 section 2), each beginning as its part says. */
function isWay(field: string, parts: readonly string[]): boolean {
  const members = membersOf(field)
  return members.length === parts.length && members.every((member, index) => member.startsWith(tight(parts[index]!)))
}

function membersOf(field: string): string[] {
  try {
    return parseList(field).map((member) => serializeList([member]))
  } catch {
    return []
  }
}
