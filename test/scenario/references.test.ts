/** What no schema can say, as a table: the lines that were changed, and every problem of the file. */
import { test } from 'tap'
import { triggers } from '../../src/core/fault/triggers/index.js'
import { hopKinds, linkTriggers } from '../../src/scenario/hops.js'
import { oneOf, problemsOf, withLines } from './problems.js'

type Row = [what: string, changes: Record<number, string>, problems: string[]]

const fault = (rest: string): Record<number, string> => ({ 11: `  - { id: rst, ${rest} }` })

const rows: Row[] = [
  ['fault on a link', fault('on: lb->fw, at: connect, effect: refuse'), []],
  ...['unlimited', 'unlimited, deadline: 5s'].map((attempts, index): Row => {
    const message = 'a policy without a bound: with unlimited attempts it needs a deadline'
    const problem = `9:58: clients.plain.retry.attempts: ${message}`
    const changes = { 9: `  plain: { to: lb, retry: { type: full_jitter, attempts: ${attempts} } }` }
    return [`attempts: ${attempts}`, changes, index === 0 ? [problem] : []]
  }),
  [
    'a policy without a bound beside other problems',
    { 9: '  plain: { to: lb, retry: { type: full_jitter, attempts: unlimited, base: 5 } }' },
    [
      '9:58: clients.plain.retry.attempts: a policy without a bound: with unlimited attempts it needs a deadline',
      '9:75: clients.plain.retry.base: expected a duration with its unit, such as 250ms, 10s or 2m; got 5',
    ],
  ],
  [
    'saturation with what it has no use for',
    { 9: '  plain: { to: lb, retry: none, load: { saturate: 5, for: 2s }, request: { framing: chunked, body: x } }' },
    [
      '9:20: clients.plain.retry: a client that saturates has no use for "retry"',
      '9:76: clients.plain.request.framing: a client that saturates has no use for "framing"',
    ],
  ],
  [
    'more instances than users',
    { 9: '  plain: { to: lb, instances: 3, load: { users: 2, for: 2s } }' },
    ['9:31: clients.plain.instances: expected at most one for each of the 2 users; got 3'],
  ],
  ['fault on the link of a client', fault('on: plain -> lb, at: wire, effect: reset'), []],
  [
    'unknown source of a link',
    fault('on: lbb->app1, at: wire, effect: reset'),
    ['11:20: faults[0].on: unknown hop or client "lbb", did you mean "lb"?'],
  ],
  [
    'link that is not there',
    fault('on: lb->app2, at: wire, effect: reset'),
    ['11:20: faults[0].on: there is no link "lb->app2", expected one of: lb->app1, lb->fw'],
  ],
  [
    'moment of a link',
    fault('on: lb->app1, at: request_head, effect: reset'),
    [`11:34: faults[0].at: a link can't fail at request_head, ${oneOf(linkTriggers)}`],
  ],
  [
    'a hop without a process of its own',
    fault('on: fw, at: accept, effect: crash'),
    ["11:44: faults[0].effect: a waf can't crash, only an origin runs in a process of its own"],
  ],
  [
    'unknown hop of a fault',
    fault('on: ap1, at: request_head, effect: reset'),
    ['11:20: faults[0].on: unknown hop "ap1", did you mean "app1"?'],
  ],
  [
    'unknown hop of a proxy',
    { 7: '  lb: { kind: proxy, to: [app1, fw, database] }' },
    ['7:37: hops.lb.to[2]: unknown hop "database", expected one of: app1, app2, fw, lb'],
  ],
  [
    'unknown hop of an edge',
    { 7: '  lb: { kind: proxy, to: [app1, { hop: wf }] }' },
    ['7:40: hops.lb.to[1].hop: unknown hop "wf", did you mean "fw"?'],
  ],
  [
    'unknown hop of a firewall',
    { 6: '  fw: { kind: waf, to: app3 }' },
    ['6:24: hops.fw.to: unknown hop "app3", did you mean "app1"?'],
  ],
  [
    'unknown hop of a client',
    { 9: '  plain: { to: lbb }' },
    ['9:16: clients.plain.to: unknown hop "lbb", did you mean "lb"?'],
  ],
  [
    'unknown fault',
    { 13: '  - { fault: rts, fired: 1 }' },
    ['13:14: expect[0].fault: unknown fault "rts", did you mean "rst"?'],
  ],
  [
    'fault where there is none',
    { 10: '', 11: '' },
    ['11:14: expect[0].fault: unknown fault "rst", the scenario has no fault'],
  ],
  [
    'unknown client',
    { 13: '  - { client: plane, truncated: 0 }' },
    ['13:15: expect[0].client: unknown client "plane", did you mean "plain"?'],
  ],
  [
    'unknown proxy',
    { 13: '  - { proxy: bl, cut: 0 }' },
    ['13:14: expect[0].proxy: unknown proxy "bl", did you mean "lb"?'],
  ],
  [
    'unknown origin',
    { 13: '  - { origin: app3, requests: 0 }' },
    ['13:15: expect[0].origin: unknown origin "app3", did you mean "app1"?'],
  ],
  [
    'unknown log',
    { 13: '  - { log: lg, contains: x }' },
    ['13:12: expect[0].log: unknown hop "lg", expected one of: app1, app2, fw, lb'],
  ],
  [
    'origin for a proxy',
    { 13: '  - { proxy: app1, cut: 0 }' },
    ['13:14: expect[0].proxy: "app1" is an origin, not a proxy, expected one of: lb'],
  ],
  [
    'firewall for an origin',
    { 13: '  - { origin: fw, requests: 0 }' },
    ['13:15: expect[0].origin: "fw" is a waf, not an origin, expected one of: app1, app2'],
  ],
  [
    'loop of two',
    { 6: '  fw: { kind: waf, to: lb }', 9: '  plain: { to: lb }\n  other: { to: app2 }' },
    ['7:33: hops.lb.to[1]: the hops form a loop: fw -> lb -> fw'],
  ],
  [
    'loop of one',
    { 7: '  lb: { kind: proxy, to: [app1, fw, lb] }' },
    ['7:37: hops.lb.to[2]: the hops form a loop: lb -> lb'],
  ],
  [
    'same hop twice',
    { 7: '  lb: { kind: proxy, to: [app1, fw, app1] }' },
    ['7:37: hops.lb.to[2]: "app1" is in the list twice'],
  ],
  ['no way to a hop', { 7: '  lb: { kind: proxy, to: [fw] }' }, ['4:3: hops.app1: no client reaches the hop "app1"']],
  [
    'moment that a hop has not',
    fault('on: fw, at: request_head, effect: reset'),
    [`11:28: faults[0].at: a waf can't fail at request_head, ${oneOf(hopKinds.waf.triggers)}`],
  ],
  [
    'moment of a proxy',
    fault('on: lb, at: response_head, effect: reset'),
    [`11:28: faults[0].at: a proxy can't fail at response_head, ${oneOf(hopKinds.proxy.triggers)}`],
  ],
  [
    'effect that its trigger can’t have',
    fault('on: app1, at: connect, effect: reset'),
    [`11:47: faults[0].effect: reset can't happen at connect, ${oneOf(triggers.connect.effects)}`],
  ],
  [
    'effect in the long form',
    fault('on: app1, at: { type: response_body, after: 17B }, effect: { type: refuse }'),
    [`11:75: faults[0].effect: refuse can't happen at response_body, ${oneOf(triggers.response_body.effects)}`],
  ],
  [
    'TLS where there is none',
    fault('on: app1, at: client_hello, effect: reset'),
    ['11:30: faults[0].at: "app1" speaks no TLS, so it never comes to client_hello: set tls: true there'],
  ],
  ['TLS where there is some', fault('on: app2, at: client_hello, effect: reset, match: { ja4: "t13*" }'), []],
  [
    'selectors of an address',
    fault('on: app1, at: connect, effect: refuse, first: 1, probability: 5%, match: { sni: x }'),
    [
      '11:55: faults[0].first: "first" has no use at connect, since a kernel does not ask: expected window or flapping',
      '11:65: faults[0].probability: "probability" has no use at connect, since a kernel does not ask: expected window or flapping',
      '11:82: faults[0].match: "match" has no use at connect, since a kernel does not ask: expected window or flapping',
    ],
  ],
  [
    'flapping of an address',
    fault('on: app1, at: connect, effect: blackhole, flapping: { every: 50ms, share: 25% }'),
    [],
  ],
  [
    'flapping without end',
    fault('on: app1, at: connect, effect: blackhole, flapping: { every: 0ms }'),
    ['11:77: faults[0].flapping.every: expected at least 1ms; got "0ms"'],
  ],
  [
    'name that nobody asks for',
    fault('on: app1, at: resolve, effect: stall'),
    ['11:30: faults[0].at: nobody asks for the name of "app1": set resolver: {} on "lb"'],
  ],
  [
    'name of a hop behind a firewall',
    fault('on: app2, at: resolve, effect: stall'),
    ['11:30: faults[0].at: nobody asks for the name of "app2": put a proxy with a resolver in front of it'],
  ],
  [
    'name that is asked for',
    { ...fault('on: app1, at: resolve, effect: stall'), 7: '  lb: { kind: proxy, to: [app1, fw], resolver: {} }' },
    [],
  ],
  [
    'name that is taken',
    { 4: '  app1: { kind: origin, dns: { name: app2.test } }' },
    ['5:3: hops.app2.dns.name: the name app2.test is taken by "app1"'],
  ],
  [
    'name that is none',
    { 4: '  app1: { kind: origin, dns: { name: App_1, ttl: 1500ms } }' },
    [
      '4:38: hops.app1.dns.name: expected a host name in lower case, such as app.test; got "App_1"',
      '4:50: hops.app1.dns.ttl: expected whole seconds, such as 0s or 5s; got "1500ms"',
    ],
  ],
  [
    'port of an unknown hop',
    { 7: '  lb: { kind: proxy, to: [{ hop: app1, port: ap2 }, fw] }' },
    ['7:46: hops.lb.to[0].port: unknown hop "ap2", did you mean "app2"?'],
  ],
  ['window of an address', fault('on: app1, at: connect, effect: refuse, window: { from: 1s, to: 2s }'), []],
  [
    'match of a ClientHello at a request',
    fault('on: app1, at: request_head, effect: reset, match: { path: /a*, ja3: x }'),
    [
      '11:79: faults[0].match.ja3: "ja3" is not known at request_head, expected one of: method, path, header, source, ordinal',
    ],
  ],
  [
    'match of a request at a ClientHello',
    fault('on: fw, at: client_hello, effect: reset, match: { method: GET }'),
    ['11:66: faults[0].match.method: "method" is not known at client_hello, expected one of: ja3, ja4, sni, source'],
  ],
  [
    'match before anything is known',
    fault('on: app1, at: accept, effect: reset, match: { sni: x }'),
    ['11:62: faults[0].match.sni: "sni" is not known at accept, expected one of: source'],
  ],
  [
    'two that rule an address',
    {
      4: '  app1: { kind: origin, capacity: { workers: 1, service_time: 5ms, when_full: stop_accepting } }',
      ...fault('on: app1, at: connect, effect: refuse'),
    },
    [
      '11:30: faults[0].at: "app1" stops accepting by itself (capacity), so no connect fault can rule its address as well',
    ],
  ],
  [
    'rate of an address',
    fault('on: app1, at: connect, effect: refuse, rate_over: 5/s'),
    [
      '11:55: faults[0].rate_over: "rate_over" has no use at connect, since a kernel does not ask: expected window or flapping',
    ],
  ],
  [
    'rate without a unit',
    fault('on: app1, at: request_head, effect: reset, rate_over: 20'),
    ['11:70: faults[0].rate_over: expected a rate with its unit, such as 50/s or 600/m or a mapping; got 20'],
  ],
  [
    'a count per client where nobody is known',
    fault('on: app1, at: accept, effect: reset, first: 1, per: client'),
    ['11:68: faults[0].per: at accept nobody knows whose it is, expected: all'],
  ],
  [
    'a count of nothing',
    fault('on: app1, at: request_head, effect: reset, probability: 5%, per: request'),
    ['11:76: faults[0].per: "per" counts nothing here: it goes with first, after, sequence'],
  ],
  ['a count per request', fault('on: app1, at: request_head, effect: reset, first: 1, per: request'), []],
  ['rate by source', fault('on: app1, at: accept, effect: reset, rate_over: { rate: 5/s, per: source }'), []],
  [
    'rate by what is not known',
    fault('on: lb->app1, at: wire, effect: reset, rate_over: { rate: 5/s, per: source }'),
    ['11:84: faults[0].rate_over.per: at wire nothing is known of a source, expected: all'],
  ],
  [
    'window that is never open',
    fault('on: app1, at: request_head, effect: reset, window: { from: 2s, to: 1500ms }'),
    ['11:67: faults[0].window: the window is never open: from 2s is not before to 1500ms'],
  ],
  [
    'window of no length',
    fault('on: app1, at: request_head, effect: reset, window: { to: 0s }'),
    ['11:67: faults[0].window: the window is never open: from 0ms is not before to 0s'],
  ],
  [
    'id that is taken',
    {
      11: '  - { id: rst, on: app1, at: request_head, effect: reset }\n  - { id: rst, on: app1, at: accept, effect: close }',
    },
    ['12:11: faults[1].id: the id "rst" is taken by faults[0]'],
  ],
  [
    'client with the name of a hop',
    { 9: '  fw: { to: lb }' },
    ['9:3: clients.fw: "fw" is a hop: a link would not tell which of the two'],
  ],
  ['moment of a link', fault('on: lb -> app1, at: { type: wire, after: 17B }, effect: reset, first: 1'), []],
  ['link of a client', fault('on: plain->lb, at: wire, effect: { type: delay, by: 5ms }, probability: 5%'), []],
  [
    'match on a link',
    fault('on: lb->app1, at: wire, effect: reset, match: { ordinal: 1 }'),
    ['11:55: faults[0].match: at wire nothing is known yet that could match'],
  ],
  [
    'pace of no bytes',
    fault('on: lb->app1, at: wire, effect: { type: throttle, chunk: 0B }'),
    ['11:73: faults[0].effect.chunk: expected at least 1B; got "0B"'],
  ],
  [
    'port that is taken',
    { 4: '  app1: { kind: origin, port: 8080 }', 7: '  lb: { kind: proxy, to: [app1, fw], port: 8080 }' },
    ['7:44: hops.lb.port: port 8080 is taken by "app1"'],
  ],
  [
    'port of a hop at a unix socket, borrowed by an edge',
    {
      4: '  app1: { kind: origin, socket: true }',
      7: '  lb: { kind: proxy, to: [{ hop: app2, port: app1 }, fw] }',
      ...fault('on: app1, at: accept, effect: close'),
    },
    ['7:46: hops.lb.to[0].port: "app1" is at a unix socket: it has no port'],
  ],
  [
    'port and TLS of a unix socket',
    {
      4: '  app1: { kind: origin, socket: true, port: 8080, tls: true }',
      ...fault('on: app1, at: accept, effect: close'),
    },
    [
      '4:39: hops.app1.port: a unix socket has no port: expected one or the other',
      '4:51: hops.app1.tls: no TLS is spoken at a unix socket here: expected one or the other',
    ],
  ],
  ...(
    [
      [
        'at: request_head, effect: reset',
        '52: faults[0].effect: there is no RST at a unix socket, expected one of: close, crash',
      ],
      [
        'at: accept, effect: { type: send, text: x, end: reset }',
        '74: faults[0].effect.end: there is no RST at a unix socket, expected one of: close, stall, keep',
      ],
      [
        'at: connect, effect: blackhole',
        '47: faults[0].effect: blackhole is of networks, and there is none at a unix socket, expected: refuse',
      ],
      [
        'at: resolve, effect: { type: dns, answer: nxdomain }',
        '30: faults[0].at: a unix socket has no name to look up',
      ],
    ] as const
  ).map(
    ([rest, problem]): Row => [
      `at a unix socket: ${rest}`,
      {
        4: '  app1: { kind: origin, socket: true }',
        7: '  lb: { kind: proxy, to: [app1, fw], resolver: {} }',
        ...fault(`on: app1, ${rest}`),
      },
      [`11:${problem}`],
    ],
  ),
  [
    'unix socket that stops accepting',
    {
      4: '  app1: { kind: origin, socket: true, capacity: { workers: 1, service_time: 1ms, when_full: stop_accepting } }',
      ...fault('on: app1, at: accept, effect: close'),
    },
    ['4:93: hops.app1.capacity.when_full: a full unix socket drops no SYN, expected another way to be full'],
  ],
  [
    'file of a port',
    fault('on: app1, at: connect, effect: { type: refuse, socket_file: gone }'),
    ['11:63: faults[0].effect.socket_file: "app1" has no such file: set socket: true there'],
  ],
  [
    'body and size',
    { 4: '  app1: { kind: origin, response: { body: x, size: 1KB } }' },
    ['4:52: hops.app1.response.size: a response takes a body or a size, not both'],
  ],
  [
    'anything beside raw bytes',
    { 9: '  plain: { to: lb, request: { raw: "GET", method: PUT, size: 1B } }' },
    [
      '9:43: clients.plain.request.method: raw is the whole request: "method" has no use',
      '9:56: clients.plain.request.size: raw is the whole request: "size" has no use',
    ],
  ],
  [
    'body and size of a request',
    { 9: '  plain: { to: lb, request: { body: x, size: 1KB } }' },
    ['9:40: clients.plain.request.size: a request takes a body or a size, not both'],
  ],
  [
    'framing of nothing',
    { 9: '  plain: { to: lb, request: { framing: chunked } }' },
    ['9:31: clients.plain.request.framing: there is no body to frame: expected a body or a size'],
  ],
  [
    'no client',
    { 8: 'clients: {}', 9: '' },
    ['8:10: clients: expected at least one client: without any, nothing happens'],
  ],
  [
    'no expectation',
    { 12: '', 13: '' },
    ["1:1: expect: expected at least one expectation: a scenario without any can't fail"],
  ],
  ['no hop', { 3: 'hops: {}', 4: '', 5: '', 6: '', 7: '' }, ['3:7: hops: expected 1 to 1000 hops; got 0']],
]

for (const [what, changes, problems] of rows) {
  test(what, async (t) => t.strictSame(problemsOf(withLines(changes)), problems))
}

test('a slip has no consequences elsewhere', async (t) => {
  const slips: [what: string, changes: Record<number, string>, problems: string[]][] = [
    [
      'in the kind of a hop',
      { 4: '  app1: { kind: orign }', 13: '  - { origin: app1, requests: 0 }' },
      ['4:17: hops.app1.kind: unknown kind "orign", did you mean "origin"?'],
    ],
    ['in a name of a section', { 10: 'fualts:' }, ['10:1: fualts: unknown key "fualts", did you mean "faults"?']],
    ['in the hops', { 3: 'hop:' }, ['3:1: hop: unknown key "hop", did you mean "hops"?']],
    [
      'in the way to a hop',
      { 7: '  lb: { kind: proxy, to: [app2, fww] }' },
      ['7:33: hops.lb.to[1]: unknown hop "fww", did you mean "fw"?'],
    ],
    [
      'in the key of an id',
      { 11: '  - { idd: rst, on: app1, at: request_head, effect: reset }' },
      ['11:7: faults[0].idd: unknown key "idd", did you mean "id"?'],
    ],
  ]
  for (const [what, changes, problems] of slips) t.strictSame(problemsOf(withLines(changes)), problems, what)
})

test('no end to the hops', async (t) => {
  const chain = Array.from({ length: 20_000 }, (_, n) => `  h${n}: { kind: waf, to: h${n + 1} }`).join('\n')
  t.strictSame(problemsOf(withLines({ 4: chain })), ['4:3: hops: expected 1 to 1000 hops; got 20003'])
})
