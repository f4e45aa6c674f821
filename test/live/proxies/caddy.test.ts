/**
 * A real Caddy in the place of a proxy hop: that it takes every configuration the driver writes, that its log becomes the
 * journal, that the mini proxy with Caddy's rules tries as it does, and that nothing of it outlives the run.
 */
import t from 'tap'
import type { JournalEvent } from '../../../src/journal/events.js'
import type { Product } from '../../../src/live/proxies/stand_in.js'
import { behind, nothingLeft, ranWith } from './in_place.js'
import { installed, ownTemporary } from './real.js'

const temporary = ownTemporary(t)
process.env.TMPDIR = temporary.folder
const caddy = await installed(t, 'caddy')

const ran = (input: object, proxy: Product = caddy!, meanwhile?: (event: JournalEvent) => void) =>
  ranWith(proxy, input, meanwhile)

if (caddy) tests()

function tests(): void {
  t.test('it takes every setting that the driver writes', async (t) => {
    const secured = { app1: { kind: 'origin', tls: true }, app2: { kind: 'origin', tls: true } }
    const ill = { max_fails: 2, fail_timeout: '5s' }
    const retry_match = [{ method: ['PUT'] }, { not: [{ method: ['GET', 'POST'] }] }]
    const forwarding = { type: 'caddy', retries: 2, try_duration: '1s', try_interval: '9ms', retry_match }
    const passive_health = { type: 'caddy', fail_duration: '1s', max_fails: 2, unhealthy_status: [5, 429] }
    const older = ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256']
    const table: [what: string, lb: object, hops?: object][] = [
      ['usual', {}],
      ['its defaults', { preset: 'caddy' }],
      ['its own words', { balance: 'caddy_round_robin', forwarding, passive_health }],
      [
        'failures and connections',
        {
          to: [
            { hop: 'app1', ...ill, max_conns: 9 },
            { hop: 'app2', ...ill },
          ],
        },
      ],
      ['down', { to: ['app1', { hop: 'app2', down: true }] }],
      ...['least_conn', 'ip_hash', 'random', 'random_two'].map((balance): [string, object] => [balance, { balance }]),
      ...['$request_uri', '$remote_addr', '$http_x_user'].map((key): [string, object] => [
        `hash of ${key}`,
        { balance: { type: 'hash', key } },
      ]),
      ['off', { next_upstream: 'off' }],
      ['a limit for all tries', { next_upstream_timeout: '1s', next_upstream: ['error', 'non_idempotent'] }],
      ['no keep-alive', { keepalive: { connections: 0 } }],
      ['keep-alive', { keepalive: { connections: 1, idle: '1s' } }],
      ['timeouts', { timeouts: { connect: '1500500us', send: '1s', read: '1500500us', client: '10s' } }],
      ['a resolver', { resolver: { tries: 1 } }],
      ['TLS to clients', { tls: { max_version: 'TLSv1.2', ciphers: older } }],
      ['TLS to servers', { upstream_tls: { client_certificate: true } }, secured],
      ['TLS to servers, unread', { upstream_tls: { verify: false } }, secured],
      ['a unix socket', { to: ['app1'] }, { app1: { kind: 'origin', socket: true } }],
    ]
    for (const [what, lb, hops] of table) {
      const input = behind(lb)
      const { result } = await ran({ ...input, hops: { ...input.hops, ...hops } })
      t.same([result.verdict, result.reason], ['pass', undefined], what)
    }
    await nothingLeft(t, temporary)
  })

  t.test('its log is the journal: who was tried, what became of it, which lines it wrote', async (t) => {
    const faults = [{ id: 'gone', on: 'app2', at: 'connect', effect: 'refuse' }]
    const expect = [
      { fault: 'gone', fired: '>= 1' },
      { client: 'plain', status: 200, count: '= 4' },
      { proxy: 'lb', tries: '= 8' },
      { proxy: 'lb', passed: 200, count: '= 4' },
    ]
    const { result, events, forwards } = await ran(behind({}, { faults, expect }))
    t.same([result.verdict, result.reason], ['pass', undefined], 'the mark at the end came behind all of it')
    t.match(forwards[0], {
      request: 'plain-1',
      hop: 'lb',
      method: 'GET',
      path: '/',
      status: 200,
      tries: [
        { server: 'app2', failure: { type: 'connection_refused', stage: 'connect' } },
        { server: 'app1', status: 200 },
      ],
    })
    const sent = events.find((event) => event.event === 'attempt')
    t.equal(forwards[0]!.peer, sent?.event === 'attempt' && sent.local, 'joined by the client’s end of the connection')
    t.same(
      events.filter((event) => event.event === 'log'),
      [],
      'it says nothing of a try that another one followed',
    )
    await nothingLeft(t, temporary)
  })

  t.test('a failure that clients hear of is a line, and a body that broke off is one of its request', async (t) => {
    const rst = [{ id: 'rst', on: 'app1', at: 'request_head', effect: 'reset', first: 1 }]
    const cut = [{ id: 'cut', on: 'app1', at: { type: 'response_body', after: '1B' }, effect: 'close' }]
    const one = { to: ['app1'], keepalive: { connections: 0 } }
    const { forwards, events } = await ran(
      behind(one, { faults: rst, expect: [{ client: 'plain', status: 502, count: '= 1' }] }),
    )
    t.match(forwards[0], { status: 502, failure: { type: 'connection_terminated', stage: 'response_head' } })
    t.match(
      events.filter((event) => event.event === 'log'),
      [{ request: 'plain-1', level: 'error', line: /"logger":"http.log.error".*connection reset by peer/ }],
    )
    const broken = await ran(behind(one, { faults: cut, expect: [{ client: 'plain', truncated: '= 4' }] }))
    t.same([broken.result.verdict, broken.result.reason], ['pass', undefined])
    t.match(broken.forwards[0], { request: 'plain-1', status: 200, cut: true, tries: [{ response_bytes: 1 }] })
    t.match(
      broken.events
        .filter((event) => event.event === 'log')
        .map(({ request, line }) => [request, JSON.parse(line).msg]),
      [1, 2, 3, 4].flatMap((n) =>
        ['reading from backend', 'aborting with incomplete response'].map((msg) => [`plain-${n}`, msg]),
      ),
    )
    await nothingLeft(t, temporary)
  })

  t.test('the mini proxy with its rules tries as it does', async (t) => {
    const load = { requests: 6 }
    const own = { dialect: 'caddy', balance: 'caddy_round_robin', keepalive: { connections: 0 } }
    const to = ['app1', 'app2', 'app3']
    const by = (forwarding: object, more: object = {}) => ({ ...own, to, forwarding, passive_health: 'caddy', ...more })
    const refused = { id: 'gone', on: 'app2', at: 'connect', effect: 'refuse' }
    const closed = { id: 'shut', on: 'app3', at: 'request_head', effect: 'close' }
    const ill = { passive_health: { type: 'caddy', fail_duration: '60s' } }
    const table: [what: string, lb: object, request?: object][] = [
      ['one try', by({ type: 'caddy' })],
      ['retries', by({ type: 'caddy', retries: 1 })],
      ['retries of HEAD', by({ type: 'caddy', retries: 1 }), { method: 'HEAD' }],
      ['retries of POST', by({ type: 'caddy', retries: 1 }), { method: 'POST' }],
      ['of POST, that may', by({ type: 'caddy', retries: 2, retry_match: [{ method: ['POST'] }] }), { method: 'POST' }],
      ['for a while', by({ type: 'caddy', try_duration: '9s', try_interval: '2ms' })],
      ['failures that count', by({ type: 'caddy' }, ill)],
      ['failures that count, and retries', by({ type: 'caddy', retries: 2 }, ill)],
      ['nobody is left', by({ type: 'caddy', retries: 4 }, { ...ill, to: ['app2', 'app3'] })],
      [
        'statuses that count',
        by({ type: 'caddy' }, { passive_health: { ...ill.passive_health, unhealthy_status: [2] } }),
      ],
      ['its defaults, one server', { preset: 'caddy', to: ['app2'] }],
    ]
    for (const [what, lb, request = {}] of table) {
      const { to: servers = to } = lb as { to?: string[] }
      const input = behind(lb, {
        clients: { plain: { to: 'lb', load, request } },
        faults: [refused, closed].filter(({ on }) => servers.includes(on)),
        expect: [{ client: 'plain', metric: 'requests', is: '= 6' }],
      })
      const [real, mini] = [await ranWith(caddy, input), await ranWith(undefined, input)]
      const course = ({ forwards }: typeof real) =>
        forwards.map(({ status, tries }) => [
          status,
          ...tries.map((one) => `${one.server} ${one.failure?.type ?? one.status}`),
        ])
      t.equal(real.forwards.length, 6, what)
      t.same(course(mini), course(real), what)
    }
  })

  t.test('dies at start: its own words', async (t) => {
    const { result } = await ran(behind({}), { ...caddy!, configuration: () => '{"apps":{"bogus":{}}}' })
    t.match(result, {
      verdict: 'error',
      reason: /caddy .* did not start for hop "lb": Error: loading initial config: .*unknown module: bogus/,
    })
    await nothingLeft(t, temporary)
  })

  t.test('ends in the middle of a run', async (t) => {
    const kill = (event: JournalEvent): void => {
      if (event.event !== 'request' || event.request !== 'plain-2') return
      const running = temporary.processes().find((command) => /^\d+ (\S*\/)?caddy run /.test(command))
      process.kill(Number(running!.split(' ')[0]), 'SIGKILL')
    }
    const load = { rate: '20/s', for: '30s' }
    const { result } = await ran(behind({}, { clients: { plain: { to: 'lb', load } } }), caddy!, kill)
    t.match(result, { verdict: 'error', reason: /^caddy .* in the place of hop "lb" ended unasked/ })
    await nothingLeft(t, temporary)
  })

  t.test('a client that leaves', async (t) => {
    const input = behind(
      { to: ['app1'] },
      {
        faults: [{ id: 'silent', on: 'app1', at: 'request_head', effect: 'stall' }],
        clients: { hasty: { to: 'lb', load: { requests: 2 }, gives_up: '50ms' } },
        expect: [{ proxy: 'lb', client_left: '= 2' }],
      },
    )
    const { result, forwards } = await ran(input)
    t.same([result.verdict, result.reason], ['pass', undefined], 'what it logs of the last request is awaited')
    t.match(forwards, [{ client_left: true, status: undefined, failure: undefined }, { client_left: true }])
    await nothingLeft(t, temporary)
  })
}
