/** The driver of HAProxy: what it writes of a hop's settings, what it lacks, and what it reads in a log. */
import t, { type Test } from 'tap'
import type { ForwardEvent } from '../../src/journal/events.js'
import { settingsOf } from '../../src/live/proxies/settings.js'
import type { ProxyPlaces, Told } from '../../src/proxies/driver.js'
import { haproxy } from '../../src/proxies/haproxy/haproxy.js'
import { BEHIND } from '../../src/proxies/haproxy/log_format.js'
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

const lines = (lb: object, more?: object, other: Partial<ProxyPlaces> = {}): string[] =>
  haproxy
    .configuration(settings(lb, more), { ...places, ...other })
    .split('\n')
    .map((line) => line.trim())

const has = (t: Test, all: string[], ...wanted: string[]): void => {
  for (const line of wanted) t.ok(all.includes(line), line)
}

t.test('settings are written as HAProxy has them', (t) => {
  has(t, lines({}), 'listen lb', 'bind 127.0.0.1:1000 backlog 4096', 'balance roundrobin', 'timeout server 60000ms')
  has(t, lines({ next_upstream: 'off' }), 'retries 0')
  has(t, lines({}), 'retries 1', 'option redispatch 1', 'retry-on conn-failure empty-response response-timeout')
  has(t, lines({ tries: 1 }), 'retries 0')
  const post = 'http-request disable-l7-retry if { method POST LOCK PATCH }'
  has(t, lines({ next_upstream: ['http_503', 'invalid_header'] }), 'retry-on 503 junk-response', post)
  t.notOk(lines({ next_upstream: ['error', 'non_idempotent'] }).includes(post))
  has(t, lines({ balance: 'least_conn' }), 'balance leastconn')
  has(
    t,
    lines({ balance: { type: 'consistent_hash', key: 'a$http_x_user-$arg_u%' } }),
    'hash-type consistent',
    'http-request set-var-fmt(txn.key) "a%[req.fhdr(x-user)]-%[urlp(u)]%%"',
    'balance hash var(txn.key)',
  )
  has(t, lines({ keepalive: { connections: 0 } }), 'option http-server-close', 'server app1 127.0.0.1:81')
  const to = [
    { hop: 'app1', weight: 3, max_conns: 2 },
    { hop: 'app2', backup: true, down: true },
  ]
  const kept = 'pool-max-conn 1024 pool-purge-delay 60000ms max-reuse 999'
  has(
    t,
    lines({ to, queue: { size: 5, timeout: '1s' } }),
    `server app1 127.0.0.1:81 weight 3 maxconn 2 maxqueue 5 ${kept}`,
    `server app2 127.0.0.1:82 ${kept} backup disabled`,
    'timeout queue 1000ms',
  )
  has(t, lines({}, {}, { addresses: ['unix:/s', '127.0.0.1:82'] }), `server app1 unix@/s ${kept}`)
  t.end()
})

t.test('both sides of TLS, names and health checks', (t) => {
  const secured = { app1: { kind: 'origin', tls: true } }
  const all = lines({ tls: true, upstream_tls: { ciphers: ['TLS_AES_128_GCM_SHA256'] } }, secured)
  has(
    t,
    all,
    'bind 127.0.0.1:1000 backlog 4096 ssl no-tls-tickets crt /f/own.crt ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3',
  )
  t.match(
    all.find((line) => line.startsWith('server app1')),
    'ssl no-ssl-reuse sni str(app1) verify required ca-file /f/ca.crt verifyhost app1 ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256',
  )
  t.match(lines({ upstream_tls: { verify: false } }, secured).join('\n'), 'verify none')
  const named = lines({ to: ['app1'], resolver: { tries: 2 } }, {}, { name_server: '127.0.0.1:53' })
  has(t, named, 'nameserver own 127.0.0.1:53', 'resolve_retries 2')
  t.match(named.join('\n'), 'resolvers names resolve-prefer ipv4 init-addr none')
  const checked = lines({
    health_check: { type: 'http', path: '/up', interval: '1s', fast_interval: '100ms', drain_statuses: [404] },
  })
  has(t, checked, 'option httpchk', 'http-check expect status 200-399,404', 'http-check disable-on-404')
  t.match(checked.join('\n'), 'check inter 1000ms fastinter 100ms rise 2 fall 3')
  const observing = { type: 'haproxy', observe: 'layer7', error_limit: 3, on_error: 'mark-down' }
  t.match(
    lines({ health_check: 'tcp', passive_health: observing }).join('\n'),
    'rise 2 fall 3 observe layer7 error-limit 3 on-error mark-down',
  )
  t.end()
})

t.test('what HAProxy lacks is said', (t) => {
  const lacks = (lb: object) =>
    haproxy.lacks(settings(lb)).map(({ setting, runs }) => `${setting}${runs ? ', runs' : ''}`)
  t.same(lacks({}), [])
  t.same(lacks({ timeouts: { response: '1s', send: '3s' } }), ['timeouts.response', 'timeouts.send, runs'])
  t.same(lacks({ next_upstream: ['http_429'], next_upstream_timeout: '1s' }), [
    'next_upstream: http_429',
    'next_upstream_timeout',
  ])
  t.same(lacks({ to: [{ hop: 'app1', max_fails: 2, weight: 300 }] }), ['max_fails of app1, runs', 'weight of app1'])
  t.same(lacks({ queue: { size: 3 } }), ['queue'])
  t.same(lacks({ balance: 'caddy_round_robin', forwarding: 'caddy', passive_health: 'envoy' }), [
    'forwarding: caddy',
    'passive_health: envoy',
    'balance: caddy_round_robin',
  ])
  t.same(lacks({ balance: 'peak_ewma', health_check: { type: 'tcp', initial: 'down' } }), [
    'balance: peak_ewma',
    'health_check.initial',
  ])
  t.end()
})

/** A line as HAProxy writes it, of which only what is told matters. */
function logged(facts: object): string {
  const usual = {
    id: 'r',
    peer: '127.0.0.1:9',
    method: 'GET',
    path: '/',
    server: 'app1',
    address: '127.0.0.1:81',
    local: '127.0.0.1:7',
    status: '200',
    bytes: '55',
    state: '----',
    retries: '0',
    before: '1',
    queued: '2',
    connect: '3',
    active: '10',
    at: '1000',
  }
  return `127.0.0.1:9 [] lb lb/app1 ${JSON.stringify({ badgateway: { ...usual, ...facts } }).replace(/^/, BEHIND[0]!)}`
}

function read(facts: object, lb: object = {}): Omit<ForwardEvent, 't' | 'hop'> {
  const told = haproxy.reader(settings(lb), places).line(logged(facts))
  const [line, forward] = told as { event: { event: string } }[]
  if (line?.event.event !== 'log' || forward?.event.event !== 'forward') throw new Error(JSON.stringify(told))
  return forward.event as unknown as ForwardEvent
}

t.test('a line becomes a request with its tries', (t) => {
  t.match(read({}), { request: 'r', peer: '127.0.0.1:9', status: 200, failure: undefined, ms: 10 })
  t.match(read({}).tries, [
    { server: 'app1', address: '127.0.0.1:81', local: '127.0.0.1:7', connect_ms: 3, queued_ms: 2, ms: 7, status: 200 },
  ])
  const retried = read({ server: 'app2', retries: '+1', status: '200' }).tries
  t.match(
    retried.map(({ server, failure }) => [server, failure?.type]),
    [
      ['app1', 'connection_refused'],
      ['app2', undefined],
    ],
  )
  t.same(
    read({ retries: '2', state: 'SC--', status: '503' }).tries.map(({ server }) => server),
    ['app1', 'app1', 'app1'],
  )
  t.same(read({ id: '-', method: '-', path: '-', server: '<NOSRV>', state: 'PR--', status: '400' }).tries, [])
  t.match(read({ state: 'CH--', status: '400' }), { client_left: true, failure: undefined })
  t.match(read({ state: 'CD--', status: '-1' }), { client_left: true, status: undefined })
  t.end()
})

t.test('termination states are read back into failures, with what else they may mean', (t) => {
  const rows: [state: string, status: number, type: string, stage: string, or: number, more?: object][] = [
    ['SC--', 503, 'connection_refused', 'connect', 2],
    ['SC--', 503, 'destination_unavailable', 'select', 0, { server: '<NOSRV>' }],
    ['sC--', 503, 'connection_timeout', 'connect', 0],
    ['sQ--', 503, 'connection_timeout', 'select', 0],
    ['SQ--', 503, 'connection_limit_reached', 'select', 0],
    ['SH--', 502, 'connection_terminated', 'response_head', 5],
    ['sH--', 504, 'connection_read_timeout', 'response_head', 1],
    ['PH--', 502, 'http_protocol_error', 'response_head', 4],
    ['SD--', 200, 'http_response_incomplete', 'response_body', 1],
    ['sD--', 200, 'connection_read_timeout', 'response_body', 0],
    ['PD--', 200, 'http_response_transfer_coding', 'response_body', 1],
    ['SD--', 101, 'connection_terminated', 'tunnel', 1],
    ['PR--', 400, 'http_request_error', 'select', 0, { server: '<NOSRV>' }],
    ['cR--', 408, 'http_request_error', 'select', 0, { server: '<NOSRV>' }],
  ]
  for (const [state, status, type, stage, or, more] of rows) {
    const { failure, cut } = read({ state, status: String(status), ...more })
    t.match(failure, { type, stage }, `${state} ${status}`)
    t.equal(failure?.or?.length ?? 0, or, `${state} ${status}: other readings`)
    t.equal(cut === true, /D/.test(state), `${state}: cut`)
  }
  t.end()
})

t.test('lines about servers', (t) => {
  const reader = haproxy.reader(settings({}), places)
  const states = (line: string): Told[] => reader.line(line).slice(1)
  t.match(states('Server lb/app1 is DOWN, reason: Layer4 timeout, check duration: 3ms. 1 active'), [
    { event: { event: 'server', server: 'app1', state: 'down', why: 'Layer4 timeout' } },
  ])
  t.match(states('Server lb/app2 is UP, reason: Layer7 check passed, code: 200'), [
    { event: { server: 'app2', state: 'up' } },
  ])
  t.same(states('proxy lb has no server available!'), [])
  t.same(reader.line('{"mark":"mark-1"}'), [{ mark: 'mark-1' }])
  t.same(reader.line(''), [])
  t.match(states("Proxy lb reached process FD limit (maxsock=10). Please check 'ulimit-n' and restart."), [
    { trouble: /FD limit/ },
  ])
  t.end()
})

t.test('who it is, and what it complains about', (t) => {
  t.equal(haproxy.version('HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/'), '2.6.12')
  t.equal(haproxy.version('nginx version: nginx/1.22.1'), undefined)
  const stderr =
    '[NOTICE]   (8) : haproxy version is 2.6.12\n[ALERT]    (8) : config : no such thing\n[ALERT]    (8) : Fatal'
  t.equal(haproxy.complaint(stderr), '[ALERT] config : no such thing')
  t.end()
})
