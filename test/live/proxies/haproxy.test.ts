/**
 * A real HAProxy in the place of a proxy hop: that it takes every configuration the driver writes, that its log becomes the
 * journal, and that nothing of it outlives the run.
 */
import t, { type Test } from 'tap'
import { behind, nothingLeft, ranWith } from './in_place.js'
import { installed, ownTemporary } from './real.js'

const temporary = ownTemporary(t)
process.env.TMPDIR = temporary.folder
const haproxy = await installed(t, 'haproxy')

const ran = (input: object) => ranWith(haproxy, input)
const gone = (t: Test) => nothingLeft(t, temporary)

if (haproxy) tests()

function tests(): void {
  t.test('it takes every setting that the driver writes', async (t) => {
    const limited = [{ hop: 'app1', weight: 3, max_conns: 9, slow_start: '1s' }, { hop: 'app2' }]
    const secured = { app1: { kind: 'origin', tls: true }, app2: { kind: 'origin', tls: true } }
    const conditions = [
      'error',
      'timeout',
      'invalid_header',
      'http_500',
      'http_502',
      'http_503',
      'http_504',
      'http_403',
      'http_404',
    ]
    const table: [what: string, lb: object, hops?: object][] = [
      ['usual', {}],
      ['weights, connections, a queue', { to: limited, queue: { size: 5, timeout: '1s' } }],
      ['backup', { to: [{ hop: 'app1' }, { hop: 'app2', backup: true }] }],
      ['down', { to: [{ hop: 'app1' }, { hop: 'app2', down: true }] }],
      ...['least_conn', 'ip_hash', 'random', 'random_two'].map((balance): [string, object] => [balance, { balance }]),
      ['hash', { balance: { type: 'hash', key: '$request_uri-$http_x_user-$cookie_a' } }],
      ['consistent_hash', { balance: { type: 'consistent_hash', key: '$arg_user$host$remote_addr' } }],
      ['next_upstream', { next_upstream: conditions, tries: 2 }],
      ['no keep-alive', { keepalive: { connections: 0 } }],
      ['keep-alive', { keepalive: { connections: 1, idle: '1s', requests: 2 } }],
      ['timeouts', { timeouts: { connect: '1s', send: '1s', read: '1500500us', reply: '1s', client: '10s' } }],
      [
        'TLS to clients',
        { tls: { max_version: 'TLSv1.2', ciphers: ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'] } },
      ],
      [
        'TLS to servers',
        {
          upstream_tls: {
            client_certificate: true,
            ciphers: ['TLS_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
          },
        },
        secured,
      ],
      [
        'health checks',
        { health_check: { type: 'http', path: '/', fast_interval: '1s', jitter: '10%', drain_statuses: [404] } },
      ],
      ['checks of TLS', { health_check: { type: 'tls' } }, secured],
      ['checks of TCP', { health_check: { type: 'tcp' } }, secured],
    ]
    for (const [what, lb, hops] of table) {
      const input = behind(lb)
      const { result } = await ran({ ...input, hops: { ...input.hops, ...hops } })
      t.same([result.verdict, result.reason], ['pass', undefined], what)
    }
    await gone(t)
  })

  t.test('its log becomes the journal', async (t) => {
    const faults = [{ id: 'rst', on: 'app1', at: 'request_head', effect: 'reset', match: { path: '/' } }]
    const clients = { plain: { to: 'lb', load: { requests: 2 }, keep_alive: false } }
    const { events, forwards } = await ran(
      behind(
        { next_upstream: 'off', to: ['app1'] },
        { faults, clients, expect: [{ client: 'plain', status: 502, count: '= 2' }] },
      ),
    )
    t.equal(forwards.length, 2)
    for (const { request, status, failure, tries, method, path } of forwards) {
      t.match(request, /^plain-\d$/)
      t.same([status, method, path, tries.length, tries[0]?.server], [502, 'GET', '/', 1, 'app1'])
      t.match(failure, { type: 'connection_terminated', stage: 'response_head' })
      t.ok(
        failure?.or?.some(({ manner }) => manner === 'reset'),
        'an RST is among what it may mean',
      )
    }
    const lines = events.filter((event) => event.event === 'log').map(({ line }) => line)
    t.match(lines, [/ lb lb\/app1 .* 502 209 - - SH-- .* "GET \/ HTTP\/1\.1"$/])
    await gone(t)
  })

  t.test('a try that moved on is told, and so is a server that checks have taken out', async (t) => {
    const refused = [{ id: 'gone', on: 'app1', at: 'connect', effect: 'refuse' }]
    const moved = await ran(behind({}, { faults: refused }))
    const [first] = moved.forwards
    t.match(
      first?.tries.map(({ server, failure }) => [server, failure?.type]),
      [
        ['app1', 'connection_refused'],
        ['app2', undefined],
      ],
    )
    t.equal(
      moved.result.faults.find(({ id }) => id === 'gone')?.fired !== 0,
      true,
      'and the fault of the address counts',
    )
    const health_check = { type: 'tcp', interval: '20ms', fall: 1 }
    const clients = { plain: { to: 'lb', load: { rate: '20/s', for: '500ms' } } }
    const checked = await ran(
      behind({ health_check }, { faults: refused, clients, expect: [{ client: 'plain', status: 200, count: '>= 1' }] }),
    )
    t.match(
      checked.events.filter(({ event }) => event === 'server'),
      [{ server: 'app1', state: 'down' }],
    )
    await gone(t)
  })

  t.test('what requests come to counts for its checks as for those of the mini proxy', async (t) => {
    const input = behind(
      {
        preset: 'haproxy',
        health_check: { type: 'tcp', interval: '1h' },
        passive_health: { type: 'haproxy', observe: 'layer7', error_limit: 2, on_error: 'mark-down' },
      },
      {
        faults: [{ id: 'ill', on: 'app1', at: 'request_head', effect: { type: 'respond', status: 500 } }],
        clients: { plain: { to: 'lb', load: { requests: 8 } } },
        expect: [{ client: 'plain', status: 500, count: '= 2' }],
      },
    )
    for (const proxy of [haproxy, undefined]) {
      const { result, events, forwards } = await ranWith(proxy, input)
      const who = proxy?.name ?? 'the mini proxy'
      t.equal(result.verdict, 'pass', who)
      const servers = forwards.map(({ tries }) => tries.map(({ server }) => server).join())
      t.same(servers, ['app1', 'app2', 'app1', ...Array.from({ length: 5 }, () => 'app2')], who)
      t.match(
        events.filter((event) => event.event === 'server' && event.state === 'down'),
        [{ server: 'app1' }],
        who,
      )
    }
    await gone(t)
  })
}
