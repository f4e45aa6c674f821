/** The driver of Caddy: what it writes of a hop's settings, what it lacks, and what it reads in a log. */
import t from 'tap'
import type { ForwardEvent } from '../../src/journal/events.js'
import { settingsOf } from '../../src/live/proxies/settings.js'
import { caddy } from '../../src/proxies/caddy/caddy.js'
import type { ProxyPlaces, Told } from '../../src/proxies/driver.js'
import type { ProxyHop } from '../../src/scenario/hops.js'
import { checkScenario } from '../../src/scenario/parse.js'

function settings(lb: object, more: object = {}) {
  const hops = {
    app1: { kind: 'origin' },
    app2: { kind: 'origin' },
    ...more,
    lb: { kind: 'proxy', to: ['app1', 'app2'], ...lb },
  }
  const scenario = checkScenario({ id: 'test', title: 'test', hops } as never, { runnable: false })
  return settingsOf({ scenario }, 'lb', scenario.hops.lb as ProxyHop)
}

const places: ProxyPlaces = {
  folder: '/f',
  port: 1000,
  control: 1001,
  addresses: ['127.0.0.1:81', '127.0.0.1:82'],
  ca: '/f/ca.crt',
  own: [{ cert: '/f/own.crt', key: '/f/own.key' }],
  privileged: true,
}

/** The configuration as a whole, and its reverse_proxy. */
function written(lb: object, more?: object, other: Partial<ProxyPlaces> = {}) {
  const whole = JSON.parse(caddy.configuration(settings(lb, more), { ...places, ...other }))
  return { whole, front: whole.apps.http.servers.front, proxy: whole.apps.http.servers.front.routes.at(-1).handle[0] }
}

t.test('settings are written as Caddy has them', (t) => {
  const { whole, front, proxy } = written({})
  t.match(whole, { admin: { disabled: true }, storage: { root: '/f/storage' } })
  t.match(front, { listen: ['127.0.0.1:1000'], automatic_https: { disable: true }, read_timeout: 300e9 })
  t.match(proxy, {
    upstreams: [{ dial: '127.0.0.1:81' }, { dial: '127.0.0.1:82' }],
    load_balancing: { selection_policy: { policy: 'round_robin' }, retries: 1 },
    transport: {
      dial_timeout: 60e9,
      response_header_timeout: 60e9,
      write_timeout: 60e9,
      keep_alive: { enabled: true, max_idle_conns_per_host: 1024 },
    },
  })
  t.ok(proxy.transport.read_timeout > proxy.transport.response_header_timeout, 'the limit of the head comes first')
  t.equal(proxy.health_checks, undefined)
  t.equal(written({ next_upstream: 'off' }).proxy.load_balancing.retries, 0)
  t.equal(written({ tries: 1 }).proxy.load_balancing.retries, 0)
  t.match(written({ next_upstream_timeout: '3s' }).proxy.load_balancing, { try_duration: 3e9, try_interval: 1e6 })
  t.same(written({}).proxy.load_balancing.retry_match, [{ not: [{ method: ['POST', 'LOCK', 'PATCH'] }] }])
  t.same(written({ next_upstream: ['error', 'timeout', 'non_idempotent'] }).proxy.load_balancing.retry_match, [{}])
  t.same(written({ keepalive: { connections: 0 } }).proxy.transport.keep_alive, { enabled: false })
  const ill = { max_fails: 2, fail_timeout: '5s' }
  const to = [
    { hop: 'app1', ...ill, max_conns: 3 },
    { hop: 'app2', ...ill, down: true },
  ]
  t.same(written({ to }).proxy.upstreams, [{ dial: '127.0.0.1:81', max_requests: 3 }])
  t.same(written({ to }).proxy.health_checks, { passive: { max_fails: 2, fail_duration: 5e9 } })
  const socket = written({}, {}, { addresses: ['unix:/s', '127.0.0.1:82'] })
  t.equal(socket.proxy.upstreams[0].dial, 'unix//s')
  t.end()
})

t.test('balancers, names and both sides of TLS', (t) => {
  const policies: [balance: unknown, policy: object][] = [
    ['least_conn', { policy: 'least_conn' }],
    ['ip_hash', { policy: 'ip_hash' }],
    ['random', { policy: 'random' }],
    ['random_two', { policy: 'random_choose', choose: 2 }],
    [{ type: 'hash', key: '$request_uri' }, { policy: 'uri_hash' }],
    [{ type: 'consistent_hash', key: '$remote_addr' }, { policy: 'ip_hash' }],
    [
      { type: 'hash', key: '$http_x_user' },
      { policy: 'header', field: 'x-user' },
    ],
  ]
  for (const [balance, policy] of policies)
    t.same(written({ balance }).proxy.load_balancing.selection_policy, policy, JSON.stringify(balance))
  const dns = { app1: { kind: 'origin', dns: { name: 'app.internal' } } }
  const named = written({ to: ['app1'], resolver: { timeout: '1s', tries: 2 } }, dns, { name_server: '127.0.0.1:53' })
  t.match(named.proxy, {
    upstreams: [{ dial: 'app.internal.:81' }],
    transport: { dial_timeout: 2e9, resolver: { addresses: ['udp/127.0.0.1:53'] } },
  })
  const secured = { app1: { kind: 'origin', tls: true }, app2: { kind: 'origin', tls: true } }
  const tls = { max_version: 'TLSv1.2', ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'], client_certificate: 'required' }
  const { whole, front, proxy } = written({ tls, upstream_tls: { verify: false } }, secured)
  t.same(whole.apps.tls.certificates.load_files, [{ certificate: '/f/own.crt', key: '/f/own.key' }])
  t.match(front.tls_connection_policies, [
    {
      protocol_min: 'tls1.2',
      protocol_max: 'tls1.2',
      cipher_suites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
      client_authentication: { mode: 'require_and_verify' },
    },
  ])
  t.match(proxy.transport.tls, { server_name: 'localhost', insecure_skip_verify: true, handshake_timeout: 60e9 })
  t.equal(written({ to: ['app1'] }, secured).proxy.transport.tls.server_name, 'app1')
  t.end()
})

t.test('what is said in Caddy’s own words is written as it stands', (t) => {
  const forwarding = { type: 'caddy', retries: 2, try_duration: '3s', retry_match: [{ method: ['PUT'] }] }
  const passive_health = { type: 'caddy', fail_duration: '5s', max_fails: 2, unhealthy_status: [5, 429] }
  const { proxy } = written({ balance: 'caddy_round_robin', forwarding, passive_health })
  t.same(proxy.load_balancing, {
    selection_policy: { policy: 'round_robin' },
    retries: 2,
    try_duration: 3e9,
    retry_match: [{ method: ['PUT'] }],
  })
  t.same(proxy.health_checks, { passive: { max_fails: 2, fail_duration: 5e9, unhealthy_status: [5, 429] } })
  const preset = written({ preset: 'caddy' }).proxy
  t.same(preset.load_balancing, { selection_policy: { policy: 'random' }, retries: 0 })
  t.equal(preset.health_checks, undefined)
  t.match(preset.transport, { dial_timeout: 3e9, keep_alive: { max_idle_conns_per_host: 32, idle_timeout: 120e9 } })
  t.end()
})

t.test('what Caddy lacks is said', (t) => {
  const lacks = (lb: object, more?: object) =>
    caddy.lacks(settings(lb, more)).map(({ setting, runs }) => `${setting}${runs ? ', runs' : ''}`)
  t.same(lacks({ to: ['app1'] }), [])
  t.same(lacks({}), ['next_upstream, runs'], 'it can’t be told to stop at what is no HTTP')
  const all = ['error', 'timeout', 'invalid_header']
  t.same(lacks({ next_upstream: all }), [])
  t.same(lacks({ next_upstream: [...all, 'http_503'] }), ['next_upstream'])
  t.same(lacks({ to: ['app1'], timeouts: { response: '1s', reply: '3s', read: '1s' } }), [
    'timeouts.response',
    'timeouts.reply',
    'timeouts.read, runs',
  ])
  t.same(lacks({ to: ['app1'], balance: 'peak_ewma', queue: { size: 3 } }), ['queue', 'balance: peak_ewma'])
  t.same(lacks({ to: ['app1'], balance: { type: 'hash', key: 'a$request_uri' } }), ['balance: hash'])
  t.same(lacks({ to: ['app1'], keepalive: { requests: 5 } }), ['keepalive.requests'])
  t.same(lacks({ to: ['app1'], tls: { ciphers: ['TLS_AES_128_GCM_SHA256'] } }), ['tls.ciphers'])
  t.same(lacks({ to: ['app1'], tls: { ciphers: ['AES128-SHA'] } }), ['tls.ciphers'])
  t.same(lacks({ preset: 'caddy' }), [])
  const unequal = [{ hop: 'app1', max_fails: 1 }, 'app2']
  t.same(lacks({ preset: 'caddy', to: unequal }), [], 'its own rules have their own')
  t.same(lacks({ next_upstream: all, forwarding: 'envoy', passive_health: 'envoy' }), [
    'forwarding: envoy',
    'passive_health: envoy',
  ])
  const why = (resolver: object) =>
    caddy.lacks(settings({ to: ['app1'], resolver })).map((lack) => [lack.setting, /keeps no answer/.test(lack.why)])
  t.same([why({}), why({ cache: false, ipv6: true })], [[['resolver', true]], [['resolver', false]]])
  const of = (server: object) => lacks({ next_upstream: all, to: [{ hop: 'app1', ...server }, 'app2'] })
  t.same(of({ max_fails: 1 }), ['max_fails of app1'])
  t.same(of({ backup: true }), ['backup of app1'])
  t.same(of({ weight: 2 }), ['weight of app2'], 'weights that differ')
  t.same(of({ slow_start: '1s', joins: '1s', leaves: '2s' }), ['slow_start of app1', 'joins of app1', 'leaves of app1'])
  t.end()
})

const request = {
  remote_ip: '127.0.0.1',
  remote_port: '9',
  method: 'GET',
  uri: '/',
  headers: { 'X-Request-Id': ['r'] },
}

const line = (facts: object): string => JSON.stringify({ level: 'error', ts: 1.5, ...facts })

const roundtrip = (facts: object): string =>
  line({
    level: 'debug',
    logger: 'http.handlers.reverse_proxy',
    msg: 'upstream roundtrip',
    upstream: '127.0.0.1:81',
    duration: 0.007,
    request,
    ...facts,
  })

const access = (facts: object): string =>
  line({ logger: 'http.log.access', msg: 'handled request', request, duration: 0.01, size: 0, status: 200, ...facts })

const failed = (msg: string, status: number): string => line({ logger: 'http.log.error', msg, request, status })

const broke = (error: string): string[] =>
  ['reading from backend', 'aborting with incomplete response'].map((msg) =>
    line({ logger: 'http.handlers.reverse_proxy', msg, error }),
  )

function read(lines: string[], lb: object = {}) {
  const reader = caddy.reader(settings(lb), places)
  const told = lines.flatMap((text) => reader.line(text))
  const events = told.flatMap((one) => ('event' in one ? [one.event] : []))
  const forward = events.find(({ event }) => event === 'forward') as ForwardEvent
  return { told, forward, logs: events.filter(({ event }) => event === 'log') }
}

t.test('lines become a request with its tries', (t) => {
  const refused = 'dial tcp 127.0.0.1:81: connect: connection refused'
  const { forward } = read([
    roundtrip({ error: refused }),
    roundtrip({ upstream: '127.0.0.1:82', status: 200, headers: { 'Content-Length': ['2'] } }),
    access({ size: 2, level: 'info' }),
  ])
  t.match(forward, { request: 'r', peer: '127.0.0.1:9', method: 'GET', path: '/', status: 200, ms: 10 })
  t.match(forward.tries, [
    { server: 'app1', failure: { type: 'connection_refused' }, ms: 7 },
    { server: 'app2', status: 200, response_bytes: 2 },
  ])
  t.equal(forward.failure, undefined)
  const last = read([roundtrip({ error: refused }), failed(refused, 502), access({ status: 502 })])
  t.match(last.forward, { status: 502, failure: { type: 'connection_refused' } })
  t.match(last.logs, [{ request: 'r', level: 'error', line: /"msg":"dial tcp/ }])
  t.notMatch(JSON.stringify(last.logs), /X-Request-Id|"ts"/, 'without what clients send, and the time')
  t.end()
})

t.test('bodies that broke off find their request', (t) => {
  const told = read([
    roundtrip({ status: 200, headers: { 'Content-Length': ['9'] } }),
    ...broke('unexpected EOF'),
    access({ size: 3, level: 'info' }),
  ])
  t.match(told.forward, { status: 200, cut: true, failure: { type: 'http_response_incomplete' } })
  t.equal(told.forward.tries[0]?.response_bytes, 3)
  t.equal(told.logs.length, 2)
  const other = { ...request, remote_port: '10' }
  const two = caddy.reader(settings({}), places)
  const lines = [
    roundtrip({ status: 200, headers: {} }),
    roundtrip({ status: 200, headers: { 'Content-Length': ['2'] }, request: other }),
    ...broke('invalid byte in chunk length'),
    access({ size: 2, request: other }),
    access({ size: 5 }),
  ].flatMap((text) => two.line(text))
  const forwards = lines.flatMap((one) => ('event' in one && one.event.event === 'forward' ? [one.event] : []))
  t.match(
    forwards.map(({ cut, failure }) => [cut, failure?.type]),
    [
      [undefined, undefined],
      [true, 'http_response_transfer_coding'],
    ],
    'the one that is whole is not meant',
  )
  t.end()
})

t.test('clients that left, and servers that nobody may ask', (t) => {
  t.match(read([roundtrip({ error: 'context canceled' }), access({ status: 0 })]).forward, {
    client_left: true,
    status: undefined,
    failure: undefined,
  })
  const none = [failed('no upstreams available', 503), access({ status: 503 })]
  const of = (to: object[]) => read(none, { to }).forward.failure
  t.match(of([{ hop: 'app1', max_fails: 1 }]), { type: 'destination_unavailable', or: undefined })
  t.match(of([{ hop: 'app1', max_conns: 1 }]), { type: 'connection_limit_reached', or: undefined })
  t.match(of([{ hop: 'app1', max_conns: 1, max_fails: 1 }]), {
    type: 'destination_unavailable',
    or: [{ type: 'connection_limit_reached' }],
  })
  t.end()
})

t.test('marks, other lines, and what is left', (t) => {
  const mark = { ...request, uri: '/?mark=mark-1' }
  const of = (text: string): Told[] => caddy.reader(settings({}), places).line(text)
  t.same(of(line({ logger: 'http.log.access.marks', request: mark })), [{ mark: 'mark-1' }])
  t.same(of(line({ logger: 'http.log.error', request: mark, msg: 'no upstreams available' })), [])
  t.same(of('{"level":"warn","logger":"admin","msg":"admin endpoint disabled"}'), [])
  t.same(of('not JSON'), [])
  const files = 'accept tcp 127.0.0.1:1000: accept4: too many open files'
  t.match(of(line({ logger: 'http', msg: files })), [{ event: { event: 'log' } }, { trouble: 'too many open files' }])
  const reader = caddy.reader(settings({}), places)
  for (const text of [failed('EOF', 502), ...broke('unexpected EOF')]) t.same(reader.line(text), [])
  t.equal(reader.end().length, 3, 'no line is lost')
  t.end()
})

t.test('who it is, and what it complains about', (t) => {
  t.equal(caddy.version('2.6.2\n'), '2.6.2')
  t.equal(caddy.version('v2.8.4 h1:q3pe0wpBj1OcHFZ3n/1nl4V4bxBrYoSoab7rL9BMYNk=\n'), '2.8.4')
  t.equal(caddy.version('nginx version: nginx/1.22.1'), undefined)
  const taken = 'Error: loading initial config: listen tcp 127.0.0.1:1: bind: address already in use'
  t.equal(caddy.complaint(`{"level":"info","msg":"using provided configuration"}\n${taken}\n`), taken)
  t.equal(caddy.complaint(''), undefined)
  t.end()
})
