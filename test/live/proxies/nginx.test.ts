/**
 * A real nginx in the place of a proxy hop: that it takes every configuration the driver writes, that its log becomes
 * the journal, and that nothing of it outlives the run, however that ends.
 */
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { exitCode } from '../../../src/checks/verdict.js'
import type { JournalEvent } from '../../../src/journal/events.js'
import type { Product } from '../../../src/live/proxies/stand_in.js'
import { httpLines, mainLines } from '../../../src/proxies/nginx/configuration.js'
import { isKept } from '../peers.js'
import { behind, nothingLeft, type Ran, ranWith } from './in_place.js'
import { freePorts, installed, ownTemporary } from './real.js'

const temporary = ownTemporary(t)
process.env.TMPDIR = temporary.folder
const nginx = await installed(t, 'nginx')

const ran = (input: object, proxy: Product = nginx!, meanwhile?: (event: JournalEvent) => void): Promise<Ran> =>
  ranWith(proxy, input, meanwhile)

if (nginx) tests()

function tests(): void {
  t.test('a request that it has answered is in the journal, though its client closes late', async (t) => {
    const [port] = (await freePorts(1)) as [number]
    let late: Socket | undefined
    let heard = ''
    function meanwhile({ event }: JournalEvent): void {
      if (event === 'attempt' && !late) {
        late = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('data', (data) => {
          heard += data
        })
        late.write('POST /late HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n')
      }
      if (event === 'load') setTimeout(() => late!.destroy(), 2000)
    }
    const load = { rate: '20/s', for: '500ms' }
    const { forwards } = await ran(
      behind(
        { port },
        { clients: { plain: { to: 'lb', load } }, expect: [{ client: 'plain', status: 200, count: '>= 1' }] },
      ),
      nginx!,
      meanwhile,
    )
    t.equal(heard.slice(0, 12), 'HTTP/1.1 501')
    t.same(
      forwards.filter(({ path }) => path === '/late').map(({ status }) => status),
      [501],
    )
  })

  t.test('where somebody was faster at its port it gets another one, and of the first nothing is told', async (t) => {
    const tried: number[] = []
    const faster = createServer()
    t.teardown(() => faster.close())
    const configured = (_: object, text: string): void => {
      tried.push(Number(/listen 127\.0\.0\.1:(\d+)/.exec(text)![1]))
      if (tried.length === 1) faster.listen({ port: tried[0] })
    }
    const { result, events } = await ran(
      behind(
        {},
        {
          clients: { plain: { to: 'lb', load: { requests: 1 } } },
          expect: [{ client: 'plain', status: 200, count: '= 1' }],
        },
      ),
      { ...nginx!, configured },
    )
    t.equal(tried.length, 2)
    t.match(result, { verdict: 'pass' })
    t.strictSame(
      events.filter((one) => one.event === 'error' || (one.event === 'log' && one.level === 'emerg')),
      [],
    )
  })

  t.test('it takes every setting that the driver writes', async (t) => {
    const servers = [{ hop: 'app1', weight: 3, max_fails: 2, fail_timeout: '5s', max_conns: 9 }, { hop: 'app2' }]
    const secured = { app1: { kind: 'origin', tls: true }, app2: { kind: 'origin', tls: true } }
    const table: [what: string, lb: object, hops?: object][] = [
      ['usual', {}],
      ['weights, failures, connections', { to: servers }],
      ['backup and down', { to: [{ hop: 'app1' }, { hop: 'app2', backup: true }] }],
      ['down', { to: [{ hop: 'app1' }, { hop: 'app2', down: true }] }],
      ['least_conn', { balance: 'least_conn' }],
      ['ip_hash', { balance: 'ip_hash' }],
      ['hash', { balance: { type: 'hash', key: '$request_uri-$http_x_user-$cookie_a' } }],
      ['consistent_hash', { balance: { type: 'consistent_hash', key: '$arg_user' } }],
      ['random', { balance: 'random' }],
      ['random_two', { balance: 'random_two' }],
      [
        'next_upstream',
        {
          next_upstream: [
            'error',
            'timeout',
            'invalid_header',
            'http_500',
            'http_502',
            'http_503',
            'http_504',
            'http_403',
            'http_404',
            'http_429',
            'non_idempotent',
          ],
          tries: 2,
          next_upstream_timeout: '3s',
        },
      ],
      ['no keep-alive', { keepalive: { connections: 0 } }],
      ['keep-alive', { keepalive: { connections: 1, idle: '1s', requests: 2 } }],
      ['timeouts', { timeouts: { connect: '1s', send: '1s', read: '1500500us', reply: '1s', client: '10s' } }],
      [
        'TLS to clients',
        { tls: { max_version: 'TLSv1.2', ciphers: ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'] } },
      ],
      ['TLS 1.3 ciphers', { tls: { ciphers: ['TLS_AES_128_GCM_SHA256'] } }],
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
      ['by name', { to: ['app1'], resolver: {} }],
    ]
    for (const [what, lb, hops] of table) {
      const input = behind(lb)
      const { result } = await ran({ ...input, hops: { ...input.hops, ...hops } })
      t.same([result.verdict, result.reason], ['pass', undefined], what)
    }
    await nothingLeft(t, temporary)
  })

  t.test('its log is the journal: who was tried, what became of it, which lines it wrote', async (t) => {
    const { result, events, forwards } = await ran(
      behind(
        { to: [{ hop: 'app1', max_fails: 1 }, 'app2'] },
        {
          faults: [{ id: 'gone', on: 'app1', at: 'connect', effect: 'refuse' }],
          expect: [
            { fault: 'gone', fired: '= 1' },
            { client: 'plain', status: 200, count: '= 4' },
            { proxy: 'lb', tries: '= 5' },
            { proxy: 'lb', passed: 200, count: '= 4' },
            {
              log: 'lb',
              contains: 'connect() failed (111: Connection refused) while connecting to upstream',
              count: '= 1',
            },
            { log: 'lb', contains: 'upstream server temporarily disabled', count: '= 1' },
          ],
        },
      ),
    )
    t.same([result.verdict, result.reason], ['pass', undefined])
    t.match(
      events.find((event) => event.event === 'hop' && event.hop === 'lb'),
      { product: nginx!.name },
    )
    t.match(forwards[0], {
      request: 'plain-1',
      hop: 'lb',
      method: 'GET',
      status: 200,
      tries: [
        { server: 'app1', failure: { type: 'connection_refused', stage: 'connect' } },
        { server: 'app2', status: 200 },
      ],
    })
    t.match(
      events.find((event) => event.event === 'server'),
      { hop: 'lb', server: 'app1', state: 'excluded' },
    )
    const lines = events.filter((event) => event.event === 'log')
    t.match(lines[0], { request: 'plain-1', level: 'error' })
    t.notMatch(lines[0]!.line, /^\d{4}\/|^\[|^\*\d/, 'as nginx wrote the message, without what stands before it')
    const sent = events.find((event) => event.event === 'attempt')
    t.equal(forwards[0]!.peer, sent?.event === 'attempt' && sent.local, 'joined by the client’s end of the connection')
    const ends = events.filter((event) => event.event === 'request').map((event) => event.t)
    t.ok(Math.abs(forwards[0]!.t - ends[0]!) < 1000, 'on the clock of the run')
    await nothingLeft(t, temporary)
  })

  t.test('a certificate that clients must show, and one that nginx must', async (t) => {
    const input = behind({ tls: { client_certificate: 'required' }, to: ['app1'] })
    const { result } = await ran({
      ...input,
      clients: {
        plain: { to: 'lb', load: { requests: 1 }, tls: { client_certificate: true } },
        other: { to: 'lb', load: { requests: 1 } },
      },
      expect: [
        { client: 'plain', status: 200, count: '= 1' },
        { client: 'other', status: 400, count: '= 1' },
      ],
    })
    t.same([result.verdict, result.reason], ['pass', undefined])
  })

  t.test('the one under test is replaced, else the first; the others stay mini proxies', async (t) => {
    const hops = {
      app: { kind: 'origin' },
      inner: { kind: 'proxy', to: ['app'] },
      edge: { kind: 'proxy', to: ['inner'] },
    }
    const clients = { plain: { to: 'edge' } }
    const expect = [{ client: 'plain', status: 200, count: '= 1' }]
    const products = ({ events }: Ran) =>
      events.flatMap((event) => (event.event === 'hop' && event.product ? [event.hop] : []))
    t.same(products(await ran({ hops, clients, expect })), ['inner'])
    const marked = { ...hops, edge: { ...hops.edge, under_test: true } }
    t.same(products(await ran({ hops: marked, clients, expect })), ['edge'])
  })

  t.test('what it lacks: skipped with the reason, or a note', async (t) => {
    const skipped = await ran(behind({ timeouts: { response: '1s' } }))
    t.match(skipped.result, {
      verdict: 'skipped',
      reason: 'timeouts.response of hop lb: nginx has no limit for the whole response',
    })
    t.same(skipped.events, [], 'nothing was started')
    t.equal(exitCode(['skipped']), 0)
    t.equal(exitCode(['skipped'], { noSkip: true }), 3)
    const none = await ran({
      hops: { app: { kind: 'origin' } },
      clients: { plain: { to: 'app' } },
      expect: [{ client: 'plain', status: 200, count: '= 1' }],
    })
    t.match(none.result, { verdict: 'skipped', reason: /^there is no proxy that nginx .* could replace$/ })
    const own = [{ id: 'f', on: 'lb', at: 'connect', effect: 'refuse' }]
    t.match((await ran(behind({}, { faults: own }))).result, {
      verdict: 'skipped',
      reason: /fault f of hop lb: it is one of its own address/,
    })
    const flapping = [{ id: 'f', on: 'app1', at: 'connect', effect: 'unreachable', window: { from: '0ms', to: '1s' } }]
    t.match((await ran(behind({}, { faults: flapping }))).result, {
      verdict: 'skipped',
      reason: /a route that comes and goes/,
    })
    const noted = await ran(behind({ timeouts: { client: '10s' } }))
    t.match(noted.result, { verdict: 'pass', notes: [/^timeouts.client of hop lb: nginx counts it for the head/] })
  })

  t.test('checks that ask for what nginx does not say are skipped, and only the rest counts', async (t) => {
    const { result } = await ran(
      behind(
        { to: ['app1'] },
        {
          faults: [{ id: 'gone', on: 'app1', at: 'connect', effect: 'refuse' }],
          expect: [
            { client: 'plain', status: 502, count: '= 4' },
            { client: 'plain', error: 'connection_refused', count: '= 99' },
            { client: 'plain', proxy_status: 'error=dns_error', count: '= 99' },
            {
              proxy: 'lb',
              error: 'connection_refused',
              stage: 'connect',
              word: 'no such word',
              details: 'none',
              count: '= 4',
            },
          ],
        },
      ),
    )
    t.equal(result.verdict, 'pass')
    t.same(
      result.checks.map(({ name, verdict, reason }) => [name, verdict, reason]),
      [
        ['client plain status 502', 'pass', undefined],
        ['client plain error connection_refused', 'skipped', `${nginx!.name} sends no Proxy-Status`],
        ['client plain proxy status "error=dns_error"', 'skipped', `${nginx!.name} sends no Proxy-Status`],
        ['proxy lb error connection_refused at connect', 'pass', undefined],
        [
          'proxy lb error connection_refused at connect with "none" as no such word',
          'skipped',
          `${nginx!.name} has no X-Proxy-Error and no details of ours`,
        ],
      ],
    )
    const nothing = await ran(behind({}, { expect: [{ client: 'plain', proxy_status: 'x', count: '= 0' }] }))
    t.match(nothing.result, { verdict: 'skipped', reason: 'no check of it can be judged' })
  })

  t.test('a configuration of the user’s own', async (t) => {
    const configuration: Product['configuration'] = (settings, places) => `
      ${mainLines(places).join('\n')}
      events {}
      http {
        ${httpLines(settings.hop, places).join('\n')}
        server { listen 127.0.0.1:${places.port}; location / { return 418; } }
      }`
    const input = behind(
      {},
      {
        expect: [
          { client: 'plain', status: 418, count: '= 4' },
          { proxy: 'lb', status: 418, count: '= 4' },
        ],
      },
    )
    t.same((await ran(input, { ...nginx!, configuration })).result.verdict, 'pass')
  })

  t.test('dies at start: its own words', async (t) => {
    const configuration = (): string => 'bogus on;'
    const { result } = await ran(behind({}), { ...nginx!, configuration })
    t.match(result, {
      verdict: 'error',
      reason: /nginx .* did not start for hop "lb": \[emerg\] unknown directive "bogus" in .*:1/,
    })
    t.equal(exitCode([result.verdict]), 3)
    await nothingLeft(t, temporary)
  })

  t.test('never becomes ready', async (t) => {
    const program = join(t.testdir({}), 'nginx')
    writeFileSync(program, "#!/bin/sh\ntrap '' QUIT TERM\nwhile :; do sleep 1; done\n", { mode: 0o755 })
    let kept = false
    const configuration: Product['configuration'] = (_settings, { port }) => {
      kept = isKept(port)
      return ''
    }
    const { result } = await ran(behind({}), { ...nginx!, program, configuration, readyWithin: 300 })
    t.ok(kept, 'nobody else is given its port meanwhile')
    t.match(result, { verdict: 'error', reason: /did not start for hop "lb": it did not answer within 0.3 s/ })
    // It is ended, though it takes no hint.
    await nothingLeft(t, temporary)
  })

  t.test('a fixed port that is taken', async (t) => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => occupant.once('listening', done))
    t.teardown(() => occupant.close())
    const { port } = occupant.address() as { port: number }
    const { result } = await ran(behind({ port }))
    t.match(result, {
      verdict: 'error',
      reason: `Port ${port} for hop "lb" is taken. Free the port, or leave "port" of hops.lb out`,
    })
    await nothingLeft(t, temporary)
  })

  t.test('ends in the middle of a run', async (t) => {
    const kill = (event: JournalEvent): void => {
      if (event.event !== 'request' || event.request !== 'plain-2') return
      const master = temporary.processes().find((command) => /^\d+ nginx: master/.test(command))
      process.kill(Number(master!.split(' ')[0]), 'SIGTERM')
    }
    const { result } = await ran(
      behind({}, { clients: { plain: { to: 'lb', load: { rate: '20/s', for: '30s' } } } }),
      nginx!,
      kill,
    )
    t.match(result, { verdict: 'error', reason: /^nginx .* in the place of hop "lb" ended unasked/ })
    await nothingLeft(t, temporary)
  })

  t.test('a client that leaves, and one that nobody hears of', async (t) => {
    const input = behind(
      { to: ['app1'] },
      {
        faults: [{ id: 'silent', on: 'app1', at: 'request_head', effect: 'stall' }],
        clients: { hasty: { to: 'lb', load: { requests: 2 }, gives_up: '50ms' } },
        expect: [
          { proxy: 'lb', client_left: '= 2' },
          { log: 'lb', contains: 'client prematurely closed connection', count: '= 2' },
        ],
      },
    )
    const { result, forwards } = await ran(input)
    t.same([result.verdict, result.reason], ['pass', undefined], 'what it logs of the last request is awaited')
    t.match(forwards, [{ client_left: true, status: undefined }, { client_left: true }])
  })
}
