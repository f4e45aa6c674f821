/** The driver of Apache: what it writes of a hop's settings, what it lacks, and what it reads in a log. */
import t, { type Test } from 'tap'
import type { ForwardEvent } from '../../src/journal/events.js'
import { settingsOf } from '../../src/live/proxies/settings.js'
import { apache } from '../../src/proxies/apache/apache.js'
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
  own: [{ cert: '/f/own.crt', key: '/f/own.key', pem: '/f/own.pem' }],
  client: { cert: '/f/client.crt', key: '/f/client.key', pem: '/f/client.pem' },
  privileged: true,
}

const lines = (lb: object, more?: object, other: Partial<ProxyPlaces> = {}): string[] =>
  apache
    .configuration(settings(lb, more), { ...places, ...other })
    .split('\n')
    .map((line) => line.trim())

const has = (t: Test, all: string[], ...wanted: string[]): void => {
  for (const line of wanted) t.ok(all.includes(line), line)
}

const WORKER = 'connectiontimeout=60000ms retry=0 smax=1024 ttl=60'

t.test('settings are written as Apache has them', (t) => {
  const one = { to: ['app1'] }
  has(t, lines(one), `ProxyPass / http://127.0.0.1:81/ nocanon ${WORKER} upgrade=ANY`, 'ProxyTimeout 60', 'User #65534')
  t.notOk(lines(one, {}, { privileged: false }).some((line) => line.startsWith('User')))
  t.notOk(lines(one).some((line) => line.includes('mod_proxy_balancer') || line.includes('mod_ssl')))
  has(
    t,
    lines({}),
    'LoadModule lbmethod_byrequests_module /usr/lib/apache2/modules/mod_lbmethod_byrequests.so',
    `BalancerMember http://127.0.0.1:82 ${WORKER} upgrade=ANY`,
    'ProxySet lbmethod=byrequests maxattempts=1',
    'ProxyPass / balancer://lb/ nocanon',
  )
  has(t, lines({ next_upstream: 'off', balance: 'least_conn' }), 'ProxySet lbmethod=bybusyness maxattempts=0')
  const to = [
    { hop: 'app1', weight: 3, max_fails: 1, fail_timeout: '9s', max_conns: 2 },
    { hop: 'app2', backup: true },
  ]
  const first = 'connectiontimeout=60000ms retry=9 smax=1024 ttl=60 max=2 acquire=1 loadfactor=3 upgrade=ANY'
  has(t, lines({ to }), `BalancerMember http://127.0.0.1:81 ${first}`)
  has(t, lines({ to }), `BalancerMember http://127.0.0.1:82 ${WORKER} status=+H upgrade=ANY`)
  has(t, lines({ preset: 'apache' }), 'ProxySet lbmethod=byrequests')
  const forwarding = { type: 'apache', max_attempts: 3 }
  const passive_health = { type: 'apache', force_recovery: false, fail_on_status: [500, 503] }
  const own = 'ProxySet lbmethod=byrequests maxattempts=3 forcerecovery=Off failonstatus=500,503'
  has(t, lines({ forwarding, passive_health }), own)
  const unix = lines({ to: ['app1'] }, {}, { addresses: ['unix:/s/app1.sock'] })
  t.ok(unix.some((line) => line.startsWith('ProxyPass / unix:/s/app1.sock|http://localhost/ ')))
  has(t, lines({ timeouts: { read: '1500ms' }, source: '127.0.0.9' }), 'ProxyTimeout 2', 'ProxySourceAddress 127.0.0.9')
  t.end()
})

t.test('TLS, towards both sides', (t) => {
  const secured = { app1: { kind: 'origin', tls: true } }
  const upstream_tls = { client_certificate: true, max_version: 'TLSv1.2', ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] }
  const all = lines({ to: ['app1'], tls: true, upstream_tls, timeouts: { connect: '3s' } }, secured)
  has(
    t,
    all,
    'SSLEngine On',
    'SSLCertificateFile /f/own.crt',
    'SSLProxyVerify require',
    'SSLProxyCheckPeerName on',
    'SSLProxyCACertificateFile /f/ca.crt',
    'SSLProxyMachineCertificateFile /f/client.pem',
    'SSLProxyCipherSuite ECDHE-RSA-AES128-GCM-SHA256',
    'ProxyPreserveHost Off',
    'ProxyTimeout 3',
  )
  t.ok(all.some((line) => line.startsWith('ProxyPass / https://localhost:81/ nocanon ')))
  has(t, lines({ to: ['app1'], upstream_tls: { verify: false } }, secured), 'SSLProxyVerify none')
  t.end()
})

t.test('what it lacks', (t) => {
  const told = (lb: object, more?: object) =>
    apache.lacks(settings(lb, more)).map(({ setting, runs }) => `${setting}${runs ? ' (runs)' : ''}`)
  t.same(told({ to: ['app1'] }), [])
  t.same(told({}), ['next_upstream (runs)'])
  t.same(told({ tries: 1, balance: 'ip_hash' }), ['balance: ip_hash'])
  t.same(told({ to: ['app1'], timeouts: { response: '1s', read: '1500ms' } }), [
    'timeouts.response',
    'timeouts.read (runs)',
    'timeouts.send (runs)',
  ])
  t.same(told({ tries: 1, next_upstream: ['http_503'] }), ['next_upstream: http_503'])
  t.same(told({ to: [{ hop: 'app1', max_fails: 2, fail_timeout: '1500ms' }, 'app2'], tries: 1 }), [
    'max_fails of app1 (runs)',
    'fail_timeout of app1',
  ])
  t.same(told({ to: ['app1'], resolver: {} }), ['resolver'])
  t.same(told({ forwarding: 'apache', passive_health: 'apache' }), [])
  t.same(told({ forwarding: 'haproxy' }).slice(0, 1), ['forwarding: haproxy'])
  t.end()
})

const access = (more: object): string =>
  JSON.stringify({
    id: 'r1',
    thread: '7',
    peer: '127.0.0.1:9',
    method: 'GET',
    path: '/a',
    line: 'GET /a HTTP/1.1',
    status: '200',
    at: '1795686018954',
    micros: '2500',
    body: '2',
    sent: '200',
    state: '+',
    worker: '-',
    handler: 'proxy-server',
    ...more,
  })

const error = (words: string, request = 'u1'): string => `2026-11-26 09:40:18.953785 ${request} 7 ${words}`

function read(lb: object, ...log: string[]): Told[] {
  const reader = apache.reader(settings(lb), places)
  return log.flatMap((line) => reader.line(line))
}

const forwardOf = (told: readonly Told[]): ForwardEvent =>
  told.flatMap((one) => ('event' in one && one.event.event === 'forward' ? [one.event as ForwardEvent] : []))[0]!

t.test('a request that a server answered', (t) => {
  t.match(forwardOf(read({ to: ['app1'] }, access({}))), {
    request: 'r1',
    peer: '127.0.0.1:9',
    status: 200,
    ms: 3,
    failure: undefined,
    tries: [{ server: 'app1', address: '127.0.0.1:81', status: 200, response_bytes: 2, failure: undefined }],
  })
  t.end()
})

t.test('one that moved on: the lines of its thread, and the server that was chosen last', (t) => {
  const told = read(
    {},
    error(
      '[proxy:error] [pid 1:tid 2] (111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:81 (127.0.0.1:81) failed',
      '-',
    ),
    error(
      '[proxy:error] [pid 1:tid 2] AH00959: ap_proxy_connect_backend disabling worker for (127.0.0.1:81) for 9s',
      '-',
    ),
    error(
      '[proxy_http:error] [pid 1:tid 2] [client 127.0.0.1:9] AH01114: HTTP: failed to make connection to backend: x',
    ),
    access({ worker: 'http://127.0.0.1:82' }),
  )
  t.match(told.slice(0, 4), [
    { event: { event: 'log', request: 'r1', level: 'error', line: /^\[proxy:error\] \[pid .*AH00957/ } },
    { event: { event: 'log', line: /AH00959/ } },
    { event: { event: 'log', line: /AH01114/ } },
    { event: { event: 'server', server: 'app1', state: 'excluded' } },
  ])
  const { tries, failure } = forwardOf(told)
  t.match(tries, [
    { server: 'app1', failure: { type: 'connection_refused' } },
    { server: 'app2', status: 200 },
  ])
  t.equal(failure, undefined)
  t.end()
})

t.test('what its lines mean', (t) => {
  const table: [lines: string[], more: object, wanted: string][] = [
    [['[proxy_http:error] [pid 1:tid 2] (104)Connection reset by peer: [client x] AH01102: error'], {}, 'reset'],
    [['[proxy_http:error] [pid 1:tid 2] (20014)Internal error (x): [client x] AH01102: error'], {}, 'closed'],
    [['[proxy_http:error] [pid 1:tid 2] (70007)The timeout: [client x] AH01102: error reading'], {}, 'timeout'],
    [['[proxy_http:error] [pid 1:tid 2] (22)Invalid argument: [client x] AH01102: error reading'], {}, 'http'],
    [
      ['[http:error] [pid 1:tid 2] [client x] AH02429: Response header name'],
      { status: '500' },
      'response_head http_protocol_error',
    ],
    [
      ['[proxy_http:error] [pid 1:tid 2] (70008)Partial results: [client x] AH01110: error reading response'],
      { status: '200' },
      'response_body http_response_incomplete',
    ],
    [
      ['[proxy:error] [pid 1:tid 2] (70007)The timeout: AH00941: http: failed to acquire connection for (x)'],
      {},
      'unavailable',
    ],
    [
      [
        '[ssl:info] [pid 1:tid 2] [client x] AH02276: Certificate Verification: Error (10): certificate has expired',
        '[proxy:error] [pid 1:tid 2] (20014)Internal error: [client x] AH01084: pass request body failed to 127.0.0.1:81 (localhost)',
        '[proxy:error] [pid 1:tid 2] [client x] AH00898: Error during SSL Handshake with remote server returned by /',
      ],
      { status: '500' },
      'certificate',
    ],
    [
      [
        '[ssl:info] [pid 1:tid 2] SSL Library Error: error:0A000410:SSL routines::sslv3 alert handshake failure (SSL alert number 40)',
        '[proxy:error] [pid 1:tid 2] (20014)Internal error: [client x] AH01084: pass request body failed to 127.0.0.1:81 (localhost)',
      ],
      { status: '500' },
      'alert',
    ],
  ]
  for (const [words, more, wanted] of table) {
    const log = words.map((line) => error(line))
    const { failure, tries } = forwardOf(read({ to: ['app1'] }, ...log, access({ status: '502', ...more })))
    t.match(`${failure?.stage} ${failure?.type} ${failure?.manner}`, wanted)
    t.equal(tries.length, wanted === 'unavailable' ? 0 : 1)
  }
  t.end()
})

t.test('a mark waits for what had begun; what goes on for long is not waited for', (t) => {
  const mark = '{"mark":"?mark=mark-1"}'
  const reader = apache.reader(settings({ to: ['app1'] }), places)
  const tell = (line: string) => reader.line(line)
  t.same(tell('{"mark":"?mark=ready"}'), [{ mark: 'ready' }])
  tell('+u1|GET / HTTP/1.1|Host:x')
  t.same(tell(mark), [])
  tell(access({}))
  tell('-u1')
  t.same(tell(mark), [{ mark: 'mark-1' }])
  tell('+u2|GET / HTTP/1.1|Host:x')
  const again = Array.from({ length: 20 }, () => tell('{"mark":"?mark=mark-2"}'))
  t.same([again[0], again.at(-1)], [[], [{ mark: 'mark-2' }]])
  t.end()
})

t.test('escapes of its own, a request that it refused, one that it closed without a word', (t) => {
  const odd = access({}).replace('"/a"', '"\\\\x16\\\\v\\\\""'.replaceAll('\\\\', '\\'))
  t.equal(forwardOf(read({ to: ['app1'] }, odd.replace('GET /a HTTP/1.1', '-'))).path, '\x16\v"')
  t.match(forwardOf(read({ to: ['app1'] }, access({ handler: '-', status: '400' }))), {
    status: 400,
    tries: [],
    failure: { type: 'http_request_error' },
  })
  const lost = error('[proxy_http:error] [pid 1:tid 2] (20014)Internal error: [client x] AH01102: error')
  t.match(forwardOf(read({ to: ['app1'] }, lost, access({ sent: '0', status: '502' }))), {
    status: undefined,
    failure: { type: 'connection_terminated' },
  })
  t.match(read({}, error('[mpm_event:emerg] [pid 1:tid 2] AH00000: no more', '-'))[1], { trouble: 'no more' })
  t.end()
})

t.test('its version, and what it complains of', (t) => {
  t.equal(apache.version('Server version: Apache/2.4.71 (Debian)\nServer built: x'), '2.4.71')
  t.equal(apache.version('nginx version: nginx/1.22.1'), undefined)
  t.match(apache.complaint("AH00526: Syntax error on line 1 of /f/x:\nInvalid command 'bogus'"), /^AH00526.*Invalid/)
  t.end()
})
