/** Apache in the comparison of answers. */
import { forwardingOf, passiveHealthOf } from '../../../../src/proxies/apache/failover.js'
import type { ProxyHop } from '../../../../src/scenario/hops.js'
import type { Subject } from '../product.js'

export const apache: Subject = {
  name: 'apache',
  title: 'Apache',
  version: '2.4.71',
  seed: 20_261_126,
  hop: {},
  mini: withItsRules,
  said({ level, line }) {
    return level === 'access' ? undefined : withoutPlaces(line)
  },
  reasons: {
    'gateway-invalid-endpoint':
      'the parser of the mini proxy takes a CONNECT for the end of HTTP, and Apache’s for a request like any other',
    'tls-client-cert-required':
      'OpenSSL tells Apache that it was asked for a certificate, which it has not; Node has no such word, and the alert has none',
  },
  page: {
    opening: `A proxy hop with \`dialect: apache\` answers, passes on and logs as Apache 2.4.71 of Debian does (\`ServerTokens OS\`):

- **Statuses**: 503 where no connection could be made, for whatever reason, and where none is free; 502 where nothing came of a
  response, also when it is a timer that says so; 500 where TLS with the server failed, and for a header field that Apache would
  not send; 504 where the request could not be sent in time.
- **Silence**: on a connection that has served a request before, it closes without a word where no status line comes, so
  that the client may try again. Of a timer it tells.
- **Pages** byte for byte: \`502 Proxy Error\` with its reason, \`502 Bad Gateway\`, and what they become when another response had
  begun inside Apache: chunks, \`Expires\`, a second status.
- **Heads** of upstreams: \`Date\` and \`Server\` first, the rest as it came, what is about the connection last.
- **Reading responses** with Apache's rules: what has no status line is **HTTP/0.9**, a 200 with all of it as the body; a line
  without a colon is a 502, and of two lengths the first one counts. Chunks are read strictly.
- **Error log** at \`LogLevel info\`, several lines for a failure, each from its module on; process and thread are 1. The **access
  log** has lines \`combined\`. Both are lines for \`{ log: lb, contains: … }\`.
- **Bodies** of requests are read before a server is asked, up to 16,304 bytes: with all of it there its length is told in the place
  of chunks. Trailers are lost.
- **Seconds**: the limit for reading is one of whole seconds, for writing as well.`,
    compared: 'every line of the error log, but for addresses, names, processes and what a certificate says of itself',
    causes: 'statuses, truncation, log',
    variations: 'every byte and log',
    closing: `The mini proxy has Apache's rules too, as \`preset: apache\` brings them: another server is asked only where no connection could be
made, a server is in error state for \`retry\`, which is its \`fail_timeout\`, and when all are, all are asked again. \`maxattempts\` is
what \`next_upstream\` and \`tries\` come to, for both of them. \`test/conformance/apache_order.test.ts\` plays timelines drawn from a seed
at the real one and in the core: who is asked when is the same, request by request.

Beyond both: the driver runs Apache with its lines about the connections of mod_ssl left out, and at \`LogLevel info\`, for without
it Apache says of a handshake only that it failed. Interim responses are not passed on by the mini proxy. Its clock is in UTC.`,
  },
}

/** What a hop says in nginx's words, as the real one is told it in its own. */
function withItsRules(hop: ProxyHop): ProxyHop {
  const settings = { ...hop, servers: hop.to }
  return { ...hop, forwarding: forwardingOf(settings), passive_health: passiveHealthOf(settings) }
}

/** Addresses, the names of servers (a real one is asked for as localhost), and what a certificate says of itself. */
const withoutPlaces = (line: string): string =>
  line
    .replace(/\[pid \d+(:tid \d+)?\]/, '[pid]')
    .replace(/ \[subject: .*\]/s, '')
    .replace(/\([\w.-]+:\d+\) downstream/, '(name) downstream')
    .replace(/ \([\w.-]+(:\d+)?\)( failed| from|$)/, ' (name)$2')
    .replace(/(hostname|backend:|remote server|connection for) \S+/, '$1 name')
    .replace(/127(\.\d+){3}(:\d+)?/g, 'address')
    .replace(/socket \S+/, 'socket path')
