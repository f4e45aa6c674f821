/** Caddy in the comparison of answers. */
import { forwardingOf, passiveHealthOf } from '../../../../src/proxies/caddy/balancing.js'
import type { ProxyHop } from '../../../../src/scenario/hops.js'
import type { Subject } from '../product.js'

export const caddy: Subject = {
  name: 'caddy',
  title: 'Caddy',
  version: '2.6.2',
  seed: 20_221_013,
  hop: {},
  said({ level, line }) {
    if (level === 'access' || !line.startsWith('{')) return undefined
    const { logger, msg, error, status } = JSON.parse(line) as Record<string, string | number | undefined>
    return [level, logger, withoutPlaces(`${msg}`), error === undefined ? '' : withoutPlaces(`${error}`), status ?? '']
      .filter((part) => part !== '')
      .join(' | ')
  },
  mini: withItsRules,
  reasons: {
    'gateway-invalid-endpoint':
      'the parser of the mini proxy takes a CONNECT for the end of HTTP, and Caddy’s for a request like any other',
  },
  page: {
    opening: `A proxy hop with \`dialect: caddy\` answers, passes on and logs as Caddy 2.6.2 (Go 1.19) does:

- **Statuses** by its one rule: 503 where no server may be asked; 504 for a time limit behind the connect, TLS included;
  502 for all else, also where the connect or the name server took too long. There are **no pages**.
- **Heads** of upstreams: \`Server: Caddy\` among the fields, all in the order of their names and in Go's spelling, those of one
  hop left out; then \`Date\`, a \`Content-Type\` where there was none, and the framing.
- **Reading responses** with Go's rules in the place of the mini proxy's parser: a bare LF, NUL in a value, a space in a name, a
  length beside chunks are taken; two lengths, a line without a colon, an unknown coding are not. A head that breaks
  off is read up to where it does: its last line is complained about, and not that the rest is missing.
- **Bodies that break off**: where the length was told, the connection to the client ends; where it was not, in chunks too, the
  response is **ended as if it were complete**. The client cannot know.
- **Error log**: the lines of its JSON log at level error, without what is another one each time. A try that was followed by
  another one leaves none.`,
    compared:
      'message, error and status of every line of the log at level error, but for addresses, dates and the names in a certificate',
    causes: 'statuses, truncation, log',
    variations: 'every byte and log',
    closing: `The mini proxy has Caddy's rules too, as \`preset: caddy\` brings them: its round robin, which is one counter for all requests,
its retries, its passive health, and a resolver that asks for both kinds of address for each connection. What \`next_upstream\`,
\`tries\`, \`max_fails\` and \`fail_timeout\` say in Caddy's words, both of them are told.

Beyond both: Go sends a request a second time by itself where a connection that it had kept is lost before a byte of the
response, and tells nothing of it; the mini proxy tells it as a try. A request with a body is not tried again by the mini proxy:
Caddy 2.6 does so and fails, since its transport has closed the body. Interim responses are passed on by Caddy.`,
  },
}

/** Of what a hop says in nginx's words what the real one is told in its own; and its resolver is Go's. */
function withItsRules(hop: ProxyHop): ProxyHop {
  const { to, balance, resolver } = hop
  const settings = { ...hop, servers: to }
  return {
    ...hop,
    balance: balance.type === 'round_robin' ? { type: 'caddy_round_robin' } : balance,
    forwarding: forwardingOf(settings),
    passive_health: passiveHealthOf(settings),
    resolver: resolver && { ...resolver, cache: false, ipv6: true },
  }
}

const withoutPlaces = (text: string): string =>
  text
    .replace(/127(\.\d+){3}(:\d+)?/g, 'address')
    .replace(/unix \S+:/, 'unix path:')
    .replace(/lookup (\S+?)\.?(?: on \S+)?: /, 'lookup $1: ')
    .replace(/(not yet valid): .*/, '$1')
    .replace(/is valid for .*, not /, 'is valid for other names, not ')
