/**
 * What a scenario says in nginx's words about the next server, in HAProxy's: `retries`, `retry-on` and `option redispatch`.
 * configuration.ts writes them, lacks.ts says what has no such words.
 */
import type { NextUpstreamCondition } from '../../core/proxy/forward.js'
import type { ProxySettings, ServerSettings } from '../driver.js'

type HaproxyForwarding = Extract<ProxySettings['forwarding'], { type: 'haproxy' }>

const RETRY_ON: Readonly<Partial<Record<NextUpstreamCondition, HaproxyForwarding['retry_on']>>> = {
  error: ['conn-failure', 'empty-response'],
  timeout: ['conn-failure', 'response-timeout'],
  invalid_header: ['junk-response'],
  http_500: [500],
  http_502: [502],
  http_503: [503],
  http_504: [504],
  http_403: [403],
  http_404: [404],
}

/** What of a proxy says who is tried next. */
export type TryingSettings = Pick<ProxySettings, 'forwarding' | 'next_upstream' | 'tries' | 'health_check'> & {
  servers: readonly Pick<ServerSettings, 'down' | 'backup'>[]
}

/** The conditions that HAProxy 2.6 has no word for. */
export const withoutWord = ({ next_upstream }: ProxySettings): NextUpstreamCondition[] =>
  next_upstream.filter((condition) => condition !== 'non_idempotent' && !(condition in RETRY_ON))

/** Tries beyond the first: each server once; a backup is asked only while checks have taken out all others. */
function retriesLeft({ next_upstream, tries, servers, health_check }: TryingSettings): number {
  const up = servers.filter(({ down }) => !down)
  const first = up.filter(({ backup }) => !backup)
  const usable = (health_check || first.length === 0 ? up : first).length
  if (next_upstream.length === 0) return 0
  return Math.max(0, (tries > 0 ? Math.min(tries, usable) : usable) - 1)
}

/** What the scenario says in HAProxy's words already, or what they are for nginx's. */
export function forwardingOf(settings: TryingSettings): HaproxyForwarding {
  const { forwarding, next_upstream } = settings
  if (forwarding?.type === 'haproxy') return forwarding
  const retries = retriesLeft(settings)
  const retry_on = retries === 0 ? [] : [...new Set(next_upstream.flatMap((condition) => RETRY_ON[condition] ?? []))]
  return { type: 'haproxy', retries, retry_on, redispatch: retries === 0 ? 0 : 1, all_backups: false }
}

export function retriesOf(settings: TryingSettings): string[] {
  const { retries, retry_on, redispatch, all_backups } = forwardingOf(settings)
  const { forwarding, next_upstream } = settings
  const careful = forwarding?.type !== 'haproxy' && retries > 0 && !next_upstream.includes('non_idempotent')
  return [
    `retries ${retries}`,
    `retry-on ${retry_on.join(' ') || 'none'}`,
    ...(redispatch === 0 ? [] : [`option redispatch ${redispatch}`]),
    ...(all_backups ? ['option allbackups'] : []),
    // Once it was sent, such a request is not sent again.
    ...(careful ? ['http-request disable-l7-retry if { method POST LOCK PATCH }'] : []),
  ]
}
