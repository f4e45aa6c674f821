/**
 * What a scenario says in nginx's words about the next server, in HAProxy's: `retries`, `retry-on` and `option redispatch`.
 * configuration.ts writes them, lacks.ts says what has no such words.
 */
import type { NextUpstreamCondition } from '../../core/proxy/forward.js'
import type { ProxySettings } from '../driver.js'

const RETRY_ON: Readonly<Partial<Record<NextUpstreamCondition, readonly string[]>>> = {
  error: ['conn-failure', 'empty-response'],
  timeout: ['conn-failure', 'response-timeout'],
  invalid_header: ['junk-response'],
  http_500: ['500'],
  http_502: ['502'],
  http_503: ['503'],
  http_504: ['504'],
  http_403: ['403'],
  http_404: ['404'],
}

/** The conditions that HAProxy 2.6 has no word for. */
export const withoutWord = ({ next_upstream }: ProxySettings): NextUpstreamCondition[] =>
  next_upstream.filter((condition) => condition !== 'non_idempotent' && !(condition in RETRY_ON))

/** Tries beyond the first: each server once; a backup is asked only while checks have taken out all others. */
export function retriesLeft({ next_upstream, tries, servers, health_check }: ProxySettings): number {
  const up = servers.filter(({ down }) => !down)
  const first = up.filter(({ backup }) => !backup)
  const usable = (health_check || first.length === 0 ? up : first).length
  if (next_upstream.length === 0) return 0
  return Math.max(0, (tries > 0 ? Math.min(tries, usable) : usable) - 1)
}

export function retriesOf(settings: ProxySettings): string[] {
  const { forwarding } = settings
  if (forwarding?.type === 'haproxy') return ownWords(forwarding)
  const { next_upstream } = settings
  const left = retriesLeft(settings)
  if (left === 0) return ['retries 0']
  const words = [...new Set(next_upstream.flatMap((condition) => RETRY_ON[condition] ?? []))]
  return [
    `retries ${left}`,
    'option redispatch 1',
    `retry-on ${words.join(' ') || 'none'}`,
    // Once it was sent, such a request is not sent again.
    ...(next_upstream.includes('non_idempotent')
      ? []
      : ['http-request disable-l7-retry if { method POST LOCK PATCH }']),
  ]
}

/** What the scenario says in HAProxy's words already. */
const ownWords = ({ retries, retry_on, redispatch, all_backups }: HaproxyForwarding): string[] => [
  `retries ${retries}`,
  `retry-on ${retry_on.join(' ') || 'none'}`,
  ...(redispatch === 0 ? [] : [`option redispatch ${redispatch}`]),
  ...(all_backups ? ['option allbackups'] : []),
]

type HaproxyForwarding = Extract<ProxySettings['forwarding'], { type: 'haproxy' }>
