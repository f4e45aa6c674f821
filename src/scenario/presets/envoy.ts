import { mappingOf } from '../finding.js'
import type { Preset } from './preset.js'

/**
 * The defaults of Envoy: cluster.proto, route_components.proto, and docs, "How do I configure timeouts?". Outlier
 * detection is on with its own defaults; retries are off, since Envoy knows no condition of its own for them.
 */
export const envoy: Preset = {
  summary:
    'Envoy with its defaults: 15s for a whole response, circuit breakers, outlier detection and panic; no retry without a retry_policy',
  hop: ({ upstream_tls }) => ({
    balance: 'round_robin',
    forwarding: { type: 'envoy' },
    passive_health: { type: 'envoy' },
    // The TLS handshake has a time of its own here. What is idle for five minutes ends.
    timeouts: { connect: '5s', send: '5m', read: '5m', reply: '5m', client: '5m' },
    keepalive: { connections: 1024, idle: '1h', requests: 1_000_000 },
    queue: { size: 1024, timeout: '15s' },
    upstream_tls: { verify: false, ...(choosesVersions(upstream_tls) ? {} : { max_version: 'TLSv1.2' }) },
    dialect: 'envoy',
  }),
  server: {},
}

/** What Envoy dials with goes up to TLS 1.2, unless it is told otherwise. */
const choosesVersions = (said: unknown): boolean =>
  ['profile', 'min_version', 'ciphers'].some((key) => mappingOf(said)?.[key] !== undefined)
