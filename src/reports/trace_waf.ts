/** What a firewall decided, in words of the trace. */
import type { WafEvent } from '../journal/events.js'
import { formatMs } from '../lib/units.js'

export function wafText({ rule, action, status, banned, ban }: WafEvent): string {
  const what = status === undefined ? action : `${action} ${status}`
  const why = banned ? `${words(banned)} banned by rule ${rule}: ${what}` : `rule ${rule}: ${what}`
  return ban ? `${why}; bans ${ban.key} (${words(ban.scope)}) for ${formatMs(ban.for_ms)}` : why
}

const words = (scope: string): string => scope.replaceAll('_', ' ')
