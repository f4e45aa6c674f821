import type { Preset } from './preset.js'

/** Caddy sets no limit where none is told: as good as none within a run. */
const NO_LIMIT = '24h'

/**
 * Caddy 2.6 with what reverse_proxy does where nothing else is said (reverseproxy.go, httptransport.go: Provision): any
 * server, one try, no failure held against a server. With a resolver, names are asked for as its Go does.
 */
export const caddy: Preset = {
  summary:
    'Caddy with its defaults: any server, one try, nothing held against a server, 3s to connect and no other limit',
  hop: ({ resolver }) => ({
    balance: 'random',
    forwarding: { type: 'caddy', retries: 0, try_duration: '0s' },
    passive_health: { type: 'caddy', fail_duration: '0s', max_fails: 1, unhealthy_status: [] },
    timeouts: { connect: '3s', send: NO_LIMIT, read: NO_LIMIT, reply: NO_LIMIT, client: NO_LIMIT },
    keepalive: { connections: 32, idle: '2m', requests: 1_000_000 },
    // The dial, with the name, has 3s: Go would ask a second time after 5s.
    ...(resolver === undefined ? {} : { resolver: { timeout: '3s', tries: 1, cache: false, ipv6: true } }),
    dialect: 'caddy',
  }),
  server: {},
}
