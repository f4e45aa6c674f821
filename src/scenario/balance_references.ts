/** What no schema can say of a proxy's servers together: whether any may be asked, and how. references.ts calls it. */
import { withoutBackups } from '../core/proxy/balancers/index.js'
import { parseDurationMs } from '../lib/units.js'
import { type Finding, wrongValue } from './finding.js'
import type { HopOutline, ServerOutline } from './outline.js'

export const findBalanceProblems = (hops: readonly HopOutline[]): Finding[] =>
  hops.flatMap((hop) => [
    ...hop.servers.flatMap(neverThere),
    ...(hop.fromNginx ? [] : nobodyToAsk(hop)),
    ...nothingToCount(hop),
  ])

/** HAProxy takes it, and counts nothing. */
function nothingToCount({ observe, checked, path }: HopOutline): Finding[] {
  if (observe === undefined || observe === 'none' || checked) return []
  const what = `observe: ${observe} counts for health checks, and there are none: give the hop a health_check`
  return [wrongValue([...path, 'passive_health', 'observe'], what)]
}

/** What nginx accepts of this, where it does, is accepted of its configurations. */
function nobodyToAsk({ servers, balance, path }: HopOutline): Finding[] {
  const here = [...path, 'to']
  const backups = servers.filter(({ backup }) => backup)
  if (servers.length === 0) return []
  if (backups.length === servers.length) {
    return [wrongValue(here, 'there are only backup servers, expected one that is none')]
  }
  if (servers.every(({ down }) => down)) return [wrongValue(here, 'every server is down: expected one that is not')]
  if (balance === undefined || !(withoutBackups as readonly string[]).includes(balance)) return []
  return backups.map((server) =>
    wrongValue([...server.path, 'backup'], `balance: ${balance} takes no backup servers, in nginx neither`),
  )
}

function neverThere({ joins, leaves, path }: ServerOutline): Finding[] {
  const [from, to] = [joins, leaves].map((text) => (text === undefined ? undefined : parseDurationMs(text)))
  if (from === undefined || to === undefined || from < to) return []
  return [wrongValue([...path, 'leaves'], `it is never there: it leaves at ${leaves} and joins at ${joins}`)]
}
