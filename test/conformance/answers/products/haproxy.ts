/** HAProxy in the comparison of answers. */
import type { ProxyHop } from '../../../../src/scenario/hops.js'
import type { Subject } from '../product.js'

/** Until the mini proxy is told to balance and to try again as HAProxy does. */
const TURNS = 'whose turn it is after a server was tried in vain, nginx counts otherwise, and the mini proxy as nginx'

/** Under a load that a machine hardly bears. */
const FIRST = 'which request is the first on its connection is a matter of moments, and decides whether it is answered'

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
  undecided: {
    'database-locked': FIRST,
    'ddos-flood': FIRST,
    'intermittent-connect': FIRST,
    'poison-request':
      'a server that crashes is back after a while, and whether it is when it is asked next is a matter of moments',
  },
  reasons: {
    'gateway-invalid-endpoint':
      'the parser of the mini proxy takes a CONNECT for the end of HTTP, and HAProxy’s for a request like any other',
    'backup-takes-over': TURNS,
    'no-live-upstreams': TURNS,
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
  that timed out it is closed as well, and the line says 503 and no bytes.
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
    closing: `HAProxy runs with \`retries\` and \`retry-on\` as \`next_upstream\` says, and \`option redispatch 1\`. Three of its rules are put
into the mini proxy's settings for the comparison of causes: \`max_fails\` is nothing without health checks, nor is a backup asked, and
requests beyond \`max_conns\` wait as long as a connect may take.`,
  },
}

function withItsRules(hop: ProxyHop): ProxyHop {
  const { to, queue, health_check, timeouts } = hop
  const first = to.some(({ backup }) => !backup)
  const limited = to.some(({ max_conns }) => max_conns > 0)
  return {
    ...hop,
    to: to.map((edge) => ({ ...edge, max_fails: 0, down: edge.down || (edge.backup && first && !health_check) })),
    queue: queue ?? (limited ? { size: 100_000, timeout: timeouts.connect } : undefined),
  }
}
