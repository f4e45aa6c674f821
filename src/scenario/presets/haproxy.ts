import { mappingOf } from '../finding.js'
import type { Preset } from './preset.js'

/** HAProxy has no limit where none is set, and warns about it: as good as none within a run. */
const NO_LIMIT = '24h'

/**
 * HAProxy 2.6 with what it does where its configuration says nothing: no checks, so no server is ever down. With a
 * health_check it has HAProxy's times, and a server that no check has found well yet is down with the first that fails.
 */
export const haproxy: Preset = {
  summary:
    'HAProxy with its defaults: three retries of a failed connection at the same server, queues, no limits of time',
  hop: (said) => ({
    balance: 'haproxy_roundrobin',
    forwarding: { type: 'haproxy', retries: 3, retry_on: ['conn-failure'], redispatch: 'off', all_backups: false },
    passive_health: { type: 'haproxy', observe: 'none', error_limit: 10, on_error: 'fail-check' },
    timeouts: { connect: NO_LIMIT, send: NO_LIMIT, read: NO_LIMIT, reply: NO_LIMIT, client: NO_LIMIT },
    // Idle ones are purged every five seconds: pool-purge-delay.
    keepalive: { connections: 100_000, idle: '5s', requests: 1_000_000 },
    queue: { size: 100_000, timeout: mappingOf(said.timeouts)?.connect ?? NO_LIMIT },
    ...(said.health_check === undefined ? {} : { health_check: checks(said.health_check) }),
    dialect: 'haproxy',
  }),
  server: {},
}

function checks(said: unknown) {
  const type = typeof said === 'string' ? said : mappingOf(said)?.type
  return { type, interval: '2s', rise: 2, fall: 3, initial: 'barely_up' }
}
