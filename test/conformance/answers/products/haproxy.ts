/** HAProxy in the comparison of answers. */
import { forwardingOf } from '../../../../src/proxies/haproxy/retries.js'
import type { ProxyHop } from '../../../../src/scenario/hops.js'
import { presets } from '../../../../src/scenario/presets/index.js'
import type { Subject } from '../product.js'

export const haproxy: Subject = {
  name: 'haproxy',
  title: 'HAProxy',
  version: '2.6.12',
  seed: 20_230_213,
  hop: {},
  mini: withItsRules,
  said({ level, line }) {
    if (level !== 'access') return undefined
    // Whom, what and how it ended; not the time, the timers and the counters of connections.
    const parts = /^\S+ \[.*?\] (\S+ \S+) \S+ (-?\d+ \d+ - - \S+) \S+?(\+?\d+) \S+ (".*")$/s.exec(line)
    return parts ? parts.slice(1).join(' ') : line
  },
  anyServer: ['poison-request'],
  reasons: {
    'gateway-invalid-endpoint':
      'the parser of the mini proxy takes a CONNECT for the end of HTTP, and HAProxy’s for a request like any other',
  },
  page: {
    opening: `A proxy hop with \`dialect: haproxy\` answers, passes on and logs as HAProxy 2.6.12 does:

- **Statuses**: 503 for whatever keeps it from a server (refused, no route, a timeout, the TLS handshake, a name, no server left,
  the queue), 502 for a response that is lost or invalid, 504 for one that does not come.
- **Termination states**: \`SC\`, \`sC\`, \`SH\`, \`sH\`, \`PH\`, \`SD\`, \`sD\`, \`PD\`, \`sQ\`, \`SQ\`, \`PR\`, \`cR\`, and \`CC\`, \`CQ\`, \`CH\`, \`CD\`, \`cD\`
  for a client that left (with \`option abortonclose\`), in the **HTTP log** line of \`option httplog\`; it is a line for
  \`{ log: lb, contains: … }\`. Sizes are counted as HAProxy counts them. The counters of connections are those of a proxy with one client.
- **Closing without a word**: where a request is not the first on its connection and its server is lost before it answers, the
  client's connection is closed, with no response and no line in the log, so that the client tries again. After a connect
  that timed out it is closed as well, and the line says 503 and no bytes; with \`forwarding: haproxy\` also after one that was
  refused, where an earlier try had gone out on a connection that had served before.
- **Pages** byte for byte, in lower case; those for requests that can't be read in the case of HAProxy's own source.
- **Heads** of servers in lower case, as they came: \`Keep-Alive\` and what \`Connection\` names are passed on. The version is the
  server's; \`connection: close\` or \`keep-alive\` stands last where the version does not say it.
- **Reading responses** with HAProxy's rules in the place of the mini proxy's parser: bare LFs, folded lines, control characters
  in values, any status and any upper-case protocol are taken; names must be tokens, lengths must agree, and beside \`chunked\`
  there is no transfer coding. Chunks go before a length. All that has come is read before anything is passed on: an invalid
  chunk that came with the head is a 502.
- **Chunks** as they were read: all that came at once is one, its size in upper case.`,
    compared: 'every line of the HTTP log, but for addresses, times and counters of connections',
    causes: 'statuses, truncation, log',
    variations: 'every byte and log',
    closing: `The mini proxy has HAProxy's rules too, as \`preset: haproxy\` brings them: its round robin, its retries, its queues, and no
server that is down without health checks. \`retries\` and \`retry-on\` are what \`next_upstream\` says in HAProxy's words, with
\`option redispatch 1\`, for both of them.`,
  },
}

/** Those of the preset, and of what a hop says in nginx's words what the real one is told in its own. */
function withItsRules(hop: ProxyHop): ProxyHop {
  const { to, balance, queue, timeouts } = hop
  const preset = presets.haproxy.hop({}) as Pick<ProxyHop, 'passive_health' | 'queue'>
  return {
    ...hop,
    balance: balance.type === 'round_robin' ? { type: 'haproxy_roundrobin' } : balance,
    forwarding: forwardingOf({ ...hop, servers: to }),
    passive_health: preset.passive_health,
    queue: queue ?? { ...preset.queue!, timeout: timeouts.connect },
  }
}
