/**
 * The driver of nginx as far as it is pure: the configuration that it writes, what it says it lacks, and what its log
 * tells. The lines are nginx 1.22.1's. That a real nginx takes the configuration is for test/live/proxies.
 */
import { test } from 'tap'
import type { ForwardEvent } from '../../src/journal/events.js'
import { settingsOf } from '../../src/live/proxies/settings.js'
import type { ProxyPlaces, ProxySettings, Told } from '../../src/proxies/driver.js'
import { proxies } from '../../src/proxies/index.js'
import type { ProxyHop } from '../../src/scenario/hops.js'
import { checkScenario } from '../../src/scenario/parse.js'

const { nginx } = proxies

const places: ProxyPlaces = {
  folder: '/run/x',
  port: 8080,
  control: 8090,
  addresses: ['127.0.0.1:5801', '127.0.0.1:5802'],
  name_server: '127.0.0.1:53',
  ca: '/run/x/ca.crt',
  own: [{ cert: '/run/x/own.crt', key: '/run/x/own.key' }],
  client: { cert: '/run/x/client.crt', key: '/run/x/client.key' },
  privileged: true,
}

/** As a scenario says it of `lb`. */
function settings(lb: object = {}, hops: object = {}): ProxySettings {
  const origins = { app1: { kind: 'origin' }, app2: { kind: 'origin' } }
  const input = {
    id: 'x',
    title: 'x',
    hops: { ...origins, ...hops, lb: { kind: 'proxy', to: ['app1', 'app2'], ...lb } },
  }
  const scenario = checkScenario(input as never, { runnable: false })
  return settingsOf({ scenario }, 'lb', scenario.hops.lb as ProxyHop)
}

const to = (...servers: object[]) => servers.map((server, index) => ({ hop: `app${index + 1}`, ...server }))

test('every setting has its directive', async (t) => {
  const table: [lb: object, ...directives: string[]][] = [
    [
      {},
      'server 127.0.0.1:5801 max_fails=0;',
      'proxy_pass http://lb;',
      'keepalive 1024;',
      'proxy_next_upstream error timeout;',
    ],
    [
      { to: to({ weight: 3, max_fails: 2, fail_timeout: '5s', max_conns: 4 }, { backup: true }) },
      'server 127.0.0.1:5801 weight=3 max_fails=2 fail_timeout=5s max_conns=4;',
      'server 127.0.0.1:5802 max_fails=0 backup;',
    ],
    [{ to: to({}, { down: true }) }, 'server 127.0.0.1:5802 max_fails=0 down;'],
    [{ balance: 'least_conn' }, 'least_conn;'],
    [{ balance: 'ip_hash' }, 'ip_hash;'],
    [{ source: '127.0.30.1' }, 'proxy_bind 127.0.30.1;'],
    [{ balance: 'random' }, 'random;'],
    [{ balance: 'random_two' }, 'random two least_conn;'],
    [{ balance: { type: 'hash', key: '$arg_user"x' } }, 'hash "$arg_user\\"x";'],
    [{ balance: { type: 'consistent_hash', key: '$request_uri' } }, 'hash "$request_uri" consistent;'],
    [
      { next_upstream: 'off', tries: 2, next_upstream_timeout: '1s' },
      'proxy_next_upstream off;',
      'proxy_next_upstream_tries 2;',
      'proxy_next_upstream_timeout 1000ms;',
    ],
    [{ next_upstream: ['http_503', 'non_idempotent'] }, 'proxy_next_upstream http_503 non_idempotent;'],
    [
      { keepalive: { connections: 7, idle: '5s', requests: 9 } },
      'keepalive 7;',
      'keepalive_timeout 5000ms;',
      'keepalive_requests 9;',
    ],
    [
      { timeouts: { connect: '120ms', send: '1s', read: '1.5ms', reply: '2s' } },
      'proxy_connect_timeout 120ms;',
      'proxy_send_timeout 1000ms;',
      'proxy_read_timeout 2ms;',
      'send_timeout 2000ms;',
    ],
    [
      { to: ['app1'], resolver: { timeout: '150ms', tries: 2 } },
      'resolver 127.0.0.1:53 ipv6=off;',
      'resolver_timeout 300ms;',
      'set $badgateway_name app1.test;',
      'proxy_pass http://$badgateway_name:5801;',
    ],
    [
      { to: to({ scheme: 'https' }).slice(0, 1) },
      'proxy_pass https://lb;',
      'proxy_ssl_verify on;',
      'proxy_ssl_name app1;',
      'proxy_ssl_trusted_certificate /run/x/ca.crt;',
      'proxy_ssl_protocols TLSv1.2 TLSv1.3;',
    ],
    [
      {
        to: to({ scheme: 'https' }, { scheme: 'https' }),
        upstream_tls: {
          verify: false,
          client_certificate: true,
          ciphers: ['ECDHE-RSA-AES128-SHA', 'TLS_AES_128_GCM_SHA256'],
        },
      },
      'proxy_ssl_verify off;',
      'proxy_ssl_name localhost;',
      'proxy_ssl_certificate /run/x/client.crt;',
      'proxy_ssl_ciphers ECDHE-RSA-AES128-SHA;',
      'proxy_ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;',
    ],
    [
      { tls: { client_certificate: 'required', max_version: 'TLSv1.2' } },
      'listen 127.0.0.1:8080 ssl backlog=4096;',
      'ssl_certificate /run/x/own.crt;',
      'ssl_protocols TLSv1.2;',
      'ssl_verify_client on;',
    ],
  ]
  for (const [lb, ...directives] of table) {
    const lines = nginx
      .configuration(settings(lb), places)
      .split('\n')
      .map((line) => line.trim())
    for (const directive of directives) t.ok(lines.includes(directive), `${JSON.stringify(lb)}: ${directive}`)
  }
  const unprivileged = nginx.configuration(settings(), { ...places, privileged: false })
  t.notMatch(unprivileged, /^user /m)
  t.notMatch(nginx.configuration(settings({ keepalive: { connections: 0 } }), places), /keepalive 0/)
})

test('what nginx lacks is said: some of it is only a note', async (t) => {
  const table: [lb: object, setting: string, runs: boolean][] = [
    [{ queue: { size: 3 } }, 'queue', false],
    [{ rate_limit: { rate: '10/s' } }, 'rate_limit', false],
    [{ cache: { ttl: '1s' } }, 'cache', false],
    [{ dialect: 'edge' }, 'dialect: edge', false],
    [{ timeouts: { response: '1s' } }, 'timeouts.response', false],
    [{ timeouts: { client: '1s' } }, 'timeouts.client', true],
    [{ balance: 'peak_ewma' }, 'balance: peak_ewma', false],
    [{ to: to({ max_fails: 1, fail_timeout: '1500ms' }) }, 'fail_timeout of app1', false],
    [{ to: to({ slow_start: '1s' }) }, 'slow_start of app1', false],
    [{ to: to({}, { joins: '1s' }) }, 'joins of app2', false],
    [{ to: to({}, { leaves: '1s' }) }, 'leaves of app2', false],
    [{ to: to({ scheme: 'https' }, {}) }, 'to', false],
    [{ to: to({ scheme: 'https' }, { scheme: 'https' }) }, 'upstream_tls.server_name', true],
    [{ resolver: {}, to: ['app1', 'app2'] }, 'resolver', false],
    [{ resolver: { tries: 2 }, to: ['app1'] }, 'resolver.tries', true],
    [{ resolver: { tries: 1, cache: false }, to: ['app1'] }, 'resolver.cache', false],
  ]
  for (const [lb, setting, runs] of table) {
    const lack = nginx.lacks(settings(lb)).find((one) => one.setting === setting)
    t.match(lack, { setting, why: /\w/ }, setting)
    t.equal(lack?.runs === true, runs, `${setting} ${runs ? 'runs' : 'is skipped'}`)
  }
  t.same(nginx.lacks(settings()), [], 'nothing is missing otherwise')
  t.same(nginx.lacks(settings({ to: to({ fail_timeout: '1500ms' }) })), [], 'without max_fails nobody is excluded')
})

const prefix = (level = 'error', connection: number | '' = 4): string =>
  `2026/11/25 17:39:07 [${level}] 7259#7259: ${connection === '' ? '' : `*${connection} `}`
const about = (address: string, path = '/'): string =>
  `, client: 127.0.0.1, server: lb, request: "GET ${path} HTTP/1.1", upstream: "http://${address}${path}", host: "a:5800"`
const access = (more: object = {}): string =>
  JSON.stringify({
    id: 'plain-1',
    connection: '4',
    peer: '127.0.0.1:52346',
    method: 'GET',
    path: '/',
    status: '502',
    at: '1795628347.948',
    seconds: '0.012',
    expects_body: '',
    addresses: '127.0.0.1:5801',
    statuses: '502',
    connect_seconds: '0.001',
    response_seconds: '0.011',
    received: '0',
    body: '0',
    sent: '70',
    ...more,
  })

/** What the lines tell in the end: the forward, and everything else. */
function reading(lines: string[], lb: object = {}): { forward: ForwardEvent; told: Told[] } {
  const reader = nginx.reader(settings(lb), places)
  const told = lines.flatMap((line) => reader.line(line))
  const forwards = told.flatMap((one) => ('event' in one && one.event.event === 'forward' ? [one.event] : []))
  return { forward: forwards[0] as ForwardEvent, told }
}

test('the log: one try that failed', async (t) => {
  const line = `upstream prematurely closed connection while reading response header from upstream${about('127.0.0.1:5801')}`
  const { forward, told } = reading([`${prefix()}${line}`, access()])
  t.match(forward, {
    request: 'plain-1',
    peer: '127.0.0.1:52346',
    status: 502,
    failure: { type: 'connection_terminated', stage: 'response_head', manner: 'closed' },
    cut: undefined,
    ms: 12,
    tries: [{ server: 'app1', address: '127.0.0.1:5801', tls: false, connect_ms: 1, ms: 11, status: undefined }],
  })
  t.match(told[0], { event: { event: 'log', level: 'error', request: 'plain-1', line }, at: 1795628347948 })
  t.notOk(forward.failure!.or, 'the access log tells the rest')
  const partly = reading([`${prefix()}${line}`, access({ received: '26' })])
  t.match(partly.forward.failure, { type: 'http_response_incomplete', stage: 'response_head' }, 'bytes had come')
  const upload = reading([`${prefix()}${line}`, access({ expects_body: '100' })])
  t.match(upload.forward.failure, { or: [{ stage: 'request' }] }, 'nobody knows whether all of a body was sent')
})

test('the log: moved on to the next server, which answers', async (t) => {
  const two = {
    addresses: '127.0.0.1:5801, 127.0.0.1:5802',
    status: '200',
    received: '0, 40',
    body: '0, 2',
    sent: '0, 70',
  }
  const columns = { statuses: '502, 200', connect_seconds: '-, 0.000', response_seconds: '0.000, 0.001' }
  const { forward } = reading([
    `${prefix()}connect() failed (111: Connection refused) while connecting to upstream${about('127.0.0.1:5801')}`,
    access({ ...two, ...columns }),
  ])
  t.match(forward, {
    status: 200,
    failure: undefined,
    tries: [
      { server: 'app1', status: undefined, failure: { type: 'connection_refused' } },
      { server: 'app2', status: 200, failure: undefined, response_bytes: 2, connect_ms: 0 },
    ],
  })
  t.notOk('connect_ms' in forward.tries[0]! && forward.tries[0]!.connect_ms !== undefined, 'it never stood')
  const passed = reading([access({ ...two, ...columns, statuses: '503, 200' })])
  t.match(passed.forward.tries[0], { status: 503, failure: undefined }, 'an answer that moves on is no failure')
})

test('the log: a lost connection that was kept is tried again at the same server', async (t) => {
  const lost = `recv() failed (104: Connection reset by peer) while reading response header from upstream${about('127.0.0.1:5801')}`
  const same = {
    addresses: '127.0.0.1:5801, 127.0.0.1:5801',
    statuses: '502, 200',
    status: '200',
    received: '0, 9',
    sent: '70, 70',
  }
  const { forward } = reading([`${prefix()}${lost}`, access(same)])
  t.match(forward.tries, [{ failure: { manner: 'reset' } }, { failure: undefined, status: 200 }])
})

test('the log: no server was left', async (t) => {
  const none = `no live upstreams while connecting to upstream${about('lb')}`
  const only = { addresses: 'lb', connect_seconds: '-' }
  t.match(reading([`${prefix()}${none}`, access(only)]).forward, {
    tries: { length: 0 },
    failure: { type: 'destination_unavailable' },
  })
  const full = { to: to({ max_conns: 1 }, { max_conns: 1 }) }
  t.match(reading([`${prefix()}${none}`, access(only)], full).forward.failure, {
    type: 'connection_limit_reached',
    or: undefined,
  })
  const either = { to: to({ max_conns: 1 }, { max_fails: 1 }) }
  t.match(reading([`${prefix()}${none}`, access(only)], either).forward.failure, {
    type: 'destination_unavailable',
    or: [{ type: 'connection_limit_reached' }],
  })
  const { told } = reading([
    `${prefix()}connect() failed (111: Connection refused) while connecting to upstream${about('127.0.0.1:5801')}`,
    `${prefix('warn')}upstream server temporarily disabled while connecting to upstream${about('127.0.0.1:5801')}`,
    `${prefix()}${none}`,
    access({ addresses: '127.0.0.1:5801, lb' }),
  ])
  t.match(
    told.find((one) => 'event' in one && one.event.event === 'server'),
    { event: { server: 'app1', state: 'excluded' } },
  )
})

test('the log: cut, left, refused, not HTTP, not resolved', async (t) => {
  const body = `upstream prematurely closed connection while reading upstream${about('127.0.0.1:5801')}`
  t.match(reading([`${prefix()}${body}`, access({ status: '200', statuses: '200', body: '17' })]).forward, {
    status: 200,
    cut: true,
    failure: { type: 'http_response_incomplete', stage: 'response_body' },
    tries: [{ status: 200, response_bytes: 17 }],
  })
  const left = `epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too while sending request to upstream${about('127.0.0.1:5801')}`
  t.match(reading([`${prefix('info')}${left}`, access({ status: '499', statuses: '-' })]).forward, {
    status: undefined,
    client_left: true,
    failure: undefined,
    tries: [{ status: undefined, failure: undefined }],
  })
  const nothing = {
    addresses: '',
    statuses: '',
    connect_seconds: '',
    response_seconds: '',
    received: '',
    body: '',
    sent: '',
  }
  const coding =
    'client sent unknown "Transfer-Encoding": "x" while reading client request headers, client: 127.0.0.1, server: lb, request: "POST / HTTP/1.1"'
  t.match(reading([`${prefix('info')}${coding}`, access({ ...nothing, status: '501' })]).forward, {
    status: 501,
    tries: { length: 0 },
    failure: { type: 'http_request_error', stage: 'select' },
  })
  const junk = `upstream sent no valid HTTP/1.0 header while reading response header from upstream${about('127.0.0.1:5801')}`
  t.match(reading([`${prefix()}${junk}`, access({ status: '009', statuses: '009' })]).forward, {
    status: 9,
    failure: { type: 'http_protocol_error', stage: 'response_head' },
  })
  const name =
    'app1.test could not be resolved (3: Host not found), client: 127.0.0.1, server: lb, request: "GET / HTTP/1.1", host: "a"'
  t.match(reading([`${prefix()}${name}`, access(nothing)], { to: ['app1'], resolver: {} }).forward, {
    tries: [{ server: 'app1', lookup: { name: 'app1.test', answer: 'ENOTFOUND' }, failure: { type: 'dns_error' } }],
    failure: { type: 'dns_error', stage: 'dns' },
  })
})

test('the log: lines that belong to no request, marks and trouble', async (t) => {
  const reader = nginx.reader(settings(), places)
  t.same(reader.line('{"mark":"mark-7"}'), [{ mark: 'mark-7' }])
  t.same(reader.line(`${prefix('notice', '')}start worker processes`), [])
  t.same(reader.line(`${prefix('info', 4)}client 127.0.0.1 closed keepalive connection`), [])
  t.same(reader.line('not a line of nginx'), [])
  const resolver = 'recv() failed (111: Connection refused) while resolving, resolver: 127.0.0.1:53'
  t.match(reader.line(`${prefix('error', '')}${resolver}`), [{ event: { event: 'log', line: resolver } }])
  const alert = '8192 worker_connections are not enough'
  t.match(reader.line(`${prefix('alert', 9)}${alert}`), [{ event: { level: 'alert' } }, { trouble: alert }])
  reader.line(
    `${prefix('info', 6)}SSL_do_handshake() failed (SSL: x) while SSL handshaking, client: 127.0.0.1, server: 127.0.0.1:8080`,
  )
  t.match(reader.end(), [{ event: { event: 'log', request: undefined, level: 'info' } }], 'no request came of it')
  t.same(reader.end(), [])
})

test('who it is, and what it complains about', async (t) => {
  t.equal(nginx.version('nginx version: nginx/1.22.1\n'), '1.22.1')
  t.equal(nginx.version('nginx version: nginx/1.25.3 (Ubuntu)\n'), '1.25.3')
  t.equal(nginx.version('Apache/2.4'), undefined)
  const stderr =
    'nginx: [warn] a\nnginx: [emerg] bind() to 127.0.0.1:80 failed (98: Address already in use)\nnginx: [emerg] still could not bind()\n'
  t.equal(nginx.complaint(stderr), '[emerg] bind() to 127.0.0.1:80 failed (98: Address already in use)')
  t.equal(nginx.complaint(''), undefined)
})
