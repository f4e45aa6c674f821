/** What no schema, or the schema, says of a client's way through a gateway, as a table: the line, and its problems. */
import { test } from 'tap'
import { problemsOf } from './problems.js'

/** The client stands in line 9. */
const scenario = (client: string): string => `id: good
title: Through a gateway
hops:
  shop: { kind: origin, tls: true }
  wall: { kind: waf, to: shop }
  other: { kind: origin }
  gw: { kind: gateway, to: [wall] }
clients:
  scraper: { ${client} }
  plain: { to: other }
  straight: { to: wall, fallback: { to: other } }
  user: { to: wall, through: { gateway: gw } }
expect:
  - { client: scraper, status: 200, count: "= 1" }
`

type Row = [what: string, client: string, problems: string[]]

const rows: Row[] = [
  ['no more than its name', 'through: { gateway: gw }', []],
  [
    'all of it',
    'through: { gateway: gw, form: absolute, user: alice, password: secret, session: { per: attempt } }',
    [],
  ],
  ['a session by a word', 'through: { gateway: gw, user: alice, session: abc-1 }', []],
  ['another port: that of a hop', 'through: { gateway: gw, port: other, host: 127.0.0.9 }', []],
  ['straight where the gateway failed', 'through: { gateway: gw }, fallback: { to: wall }', []],
  ['TLS of its own in a tunnel', 'through: { gateway: gw }, tls: { max_version: TLSv1.2 }', []],
  [
    'a gateway that is none',
    'through: { gateway: gv }',
    ['9:44: clients.scraper.through.gateway: unknown gateway "gv", expected one of: gw'],
  ],
  [
    'a hop of another kind',
    'through: { gateway: wall }',
    ['9:44: clients.scraper.through.gateway: "wall" is a waf, not a gateway, expected one of: gw'],
  ],
  [
    'a gateway that leads elsewhere',
    'to: other, through: { gateway: gw }',
    ['9:18: clients.scraper.to: the gateway "gw" does not lead to "other", expected "wall"'],
  ],
  [
    'the port of no hop',
    'through: { gateway: gw, port: othr }',
    ['9:54: clients.scraper.through.port: unknown hop "othr", did you mean "other"?'],
  ],
  [
    'no such form',
    'through: { gateway: gw, form: absolut }',
    ['9:54: clients.scraper.through.form: unknown form "absolut", did you mean "absolute"?'],
  ],
  [
    'no such session',
    'through: { gateway: gw, user: alice, session: { per: requests } }',
    ['9:77: clients.scraper.through.session.per: unknown per "requests", did you mean "request"?'],
  ],
  [
    'a key that nobody knows',
    'through: { gateway: gw, users: alice }',
    ['9:48: clients.scraper.through.users: unknown key "users", did you mean "user"?'],
  ],
  [
    'a password of nobody',
    'through: { gateway: gw, password: secret }',
    ['9:48: clients.scraper.through.password: "password" is a part of a user\'s credentials: add user'],
  ],
  [
    'a session of nobody',
    'through: { gateway: gw, session: abc }',
    ['9:48: clients.scraper.through.session: "session" is a part of a user\'s credentials: add user'],
  ],
  [
    'credentials twice',
    'through: { gateway: gw, user: alice, authorization: Basic x }',
    ['9:48: clients.scraper.through.user: authorization is all that the gateway is told: "user" has no use'],
  ],
  [
    'a name with a colon',
    'through: { gateway: gw, user: "al:ice" }',
    ['9:54: clients.scraper.through.user: expected a name without a colon; got "al:ice"'],
  ],
  [
    'a load that can only go straight',
    'through: { gateway: gw }, load: { saturate: 2, for: 1s }',
    ['9:24: clients.scraper.through: a client that saturates has no use for "through"'],
  ],
  [
    'TLS of its own where the gateway speaks it',
    'through: { gateway: gw, form: absolute }, tls: { verify: false }',
    ['9:66: clients.scraper.tls: in absolute form it is the gateway that speaks TLS: expected form: connect'],
  ],
]

for (const [what, client, problems] of rows) {
  test(what, async (t) => {
    t.strictSame(problemsOf(scenario(client.startsWith('to:') ? client : `to: wall, ${client}`)), problems)
  })
}
