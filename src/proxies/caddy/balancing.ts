/** Who is asked and how often, and what makes a server ill, in Caddy's settings. configuration.ts asks. */
import type { ProxySettings } from '../driver.js'

export function loadBalancing(settings: ProxySettings) {
  const { next_upstream_timeout, next_upstream } = settings
  const retries = retriesOf(settings)
  return {
    selection_policy: policyOf(settings),
    retries,
    ...(retries > 0
      ? {
          ...(next_upstream_timeout === undefined ? {} : { try_duration: ns(next_upstream_timeout) }),
          try_interval: ns(1),
          retry_match: [next_upstream.includes('non_idempotent') ? {} : { not: [{ method: NON_IDEMPOTENT }] }],
        }
      : {}),
  }
}

/** As nginx has it. */
const NON_IDEMPOTENT = ['POST', 'LOCK', 'PATCH']

/** A try for each server at most, as tries of a scenario go. */
export function retriesOf({ next_upstream, tries, servers }: ProxySettings): number {
  if (next_upstream.length === 0) return 0
  const usable = servers.filter(({ down }) => !down).length
  return Math.max(0, (tries > 0 ? Math.min(tries, usable) : usable) - 1)
}

export function policyOf({ balance }: Pick<ProxySettings, 'balance'>): Record<string, unknown> | undefined {
  switch (balance.type) {
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

export function healthChecks({ servers }: ProxySettings) {
  const [first] = servers
  // One server is asked, whatever becomes of it.
  if (servers.length < 2 || !first || first.max_fails === 0) return {}
  return { health_checks: { passive: { max_fails: first.max_fails, fail_duration: ns(first.fail_timeout) } } }
}

const ns = (duration: number): number => Math.max(1, Math.round(duration * 1_000_000))
