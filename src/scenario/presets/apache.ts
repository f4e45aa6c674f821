import type { Preset } from './preset.js'

/**
 * The defaults of httpd 2.4, its documentation: mod_proxy (retry=60, forcerecovery=On, maxattempts one less than there are
 * workers), core (Timeout 60), and as Debian sets them mod_reqtimeout (a head in 40s) and mpm_event (150 threads). Its
 * connections to servers are as many as its threads, and no time ends an idle one.
 */
export const apache: Preset = {
  summary:
    'Apache with its defaults: a server that can’t be reached is left alone for 60s, another one is asked, and nothing else moves a request on',
  hop: () => ({
    balance: 'round_robin',
    forwarding: { type: 'apache' },
    passive_health: { type: 'apache', force_recovery: true, fail_on_status: [] },
    timeouts: { connect: '60s', send: '60s', read: '60s', reply: '60s', client: '40s' },
    keepalive: { connections: 150, idle: '24h', requests: 1_000_000 },
    dialect: 'apache',
  }),
  server: { max_fails: 1, fail_timeout: '60s' },
}
