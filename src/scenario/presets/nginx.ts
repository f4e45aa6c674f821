import type { Preset } from './preset.js'

/** The defaults of nginx 1.22.1: ngx_http_upstream and ngx_http_proxy; its connections to upstreams serve one request. */
export const nginx: Preset = {
  summary: 'nginx with its defaults: one failed try excludes a server for 10s, error and timeout move a request on',
  hop: () => ({
    balance: 'round_robin',
    forwarding: 'nginx',
    passive_health: 'nginx',
    next_upstream: ['error', 'timeout'],
    timeouts: { connect: '60s', send: '60s', read: '60s', reply: '60s', client: '60s' },
    keepalive: { connections: 0 },
    dialect: 'nginx',
  }),
  server: { max_fails: 1, fail_timeout: '10s' },
}
