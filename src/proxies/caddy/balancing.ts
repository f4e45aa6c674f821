/**
 * Who is asked and how often, and what makes a server ill, in Caddy's settings: those of a scenario that speaks Caddy's
 * words, or what nginx's are in them. configuration.ts writes them, lacks.ts says what has no such words.
 */
import type { ProxySettings, ServerSettings } from '../driver.js'

type CaddyForwarding = Extract<ProxySettings['forwarding'], { type: 'caddy' }>
type CaddyHealth = Extract<ProxySettings['passive_health'], { type: 'caddy' }>

/** What of a proxy says who is tried next. */
export type TryingSettings = Pick<
  ProxySettings,
  'forwarding' | 'passive_health' | 'next_upstream' | 'tries' | 'next_upstream_timeout'
> & { servers: readonly Pick<ServerSettings, 'down' | 'max_fails' | 'fail_timeout'>[] }

export function forwardingOf(settings: TryingSettings): CaddyForwarding {
  const { forwarding, next_upstream_timeout, next_upstream } = settings
  if (forwarding?.type === 'caddy') return forwarding
  const retries = retriesOf(settings)
  if (retries === 0) return { type: 'caddy', retries, try_duration: 0 }
  return {
    type: 'caddy',
    retries,
    try_duration: next_upstream_timeout ?? 0,
    try_interval: SHORTEST_MS,
    retry_match: [next_upstream.includes('non_idempotent') ? {} : { not: [{ method: NON_IDEMPOTENT }] }],
  }
}

/** None would be Caddy's default. */
const SHORTEST_MS = 1

/** As nginx has it. */
const NON_IDEMPOTENT = ['POST', 'LOCK', 'PATCH']

/** A try for each server at most, as tries of a scenario go. */
function retriesOf({ next_upstream, tries, servers }: TryingSettings): number {
  if (next_upstream.length === 0) return 0
  const usable = servers.filter(({ down }) => !down).length
  return Math.max(0, (tries > 0 ? Math.min(tries, usable) : usable) - 1)
}

export function passiveHealthOf({ passive_health, servers }: TryingSettings): CaddyHealth {
  if (passive_health?.type === 'caddy') return passive_health
  const [first] = servers
  // One server is asked, whatever becomes of it.
  const counts = servers.length > 1 && first !== undefined && first.max_fails > 0
  const { max_fails, fail_timeout } = counts ? first : { max_fails: 1, fail_timeout: 0 }
  return { type: 'caddy', max_fails, fail_duration: fail_timeout, unhealthy_status: [] }
}

export function loadBalancing(settings: ProxySettings) {
  const { retries, try_duration, try_interval, retry_match } = forwardingOf(settings)
  return {
    selection_policy: policyOf(settings),
    retries,
    ...(try_duration > 0 ? { try_duration: ns(try_duration) } : {}),
    ...(try_interval === undefined ? {} : { try_interval: ns(try_interval) }),
    ...(retry_match ? { retry_match } : {}),
  }
}

export function healthChecks(settings: ProxySettings) {
  const { max_fails, fail_duration, unhealthy_status } = passiveHealthOf(settings)
  if (fail_duration === 0) return {}
  const statuses = unhealthy_status.length > 0 ? { unhealthy_status } : {}
  return { health_checks: { passive: { max_fails, fail_duration: ns(fail_duration), ...statuses } } }
}

export function policyOf({ balance }: Pick<ProxySettings, 'balance'>): Record<string, unknown> | undefined {
  switch (balance.type) {
    case 'caddy_round_robin':
      return { policy: 'round_robin' }
    case 'round_robin':
    case 'least_conn':
    case 'random':
    case 'ip_hash':
      return { policy: balance.type }
    case 'random_two':
      return { policy: 'random_choose', choose: 2 }
    case 'hash':
    case 'consistent_hash':
      return hashOf(balance.key)
    default:
      return undefined
  }
}

/** Caddy has one policy for each thing that may be hashed. */
function hashOf(key: string): Record<string, unknown> | undefined {
  if (key === '$request_uri') return { policy: 'uri_hash' }
  if (key === '$remote_addr') return { policy: 'ip_hash' }
  const [, field] = /^\$http_(\w+)$/.exec(key) ?? []
  return field === undefined ? undefined : { policy: 'header', field: field.replaceAll('_', '-') }
}

const ns = (duration: number): number => Math.max(1, Math.round(duration * 1_000_000))
