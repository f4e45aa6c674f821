/**
 * A real Apache in the place of a proxy hop: that it takes every configuration the driver writes, that its log becomes
 * the journal, and that nothing of it outlives the run, however that ends.
 */
import t, { type Test } from 'tap'
import type { JournalEvent } from '../../../src/journal/events.js'
import type { Product } from '../../../src/live/proxies/stand_in.js'
import { behind, nothingLeft, ranWith } from './in_place.js'
import { installed, ownTemporary } from './real.js'

const temporary = ownTemporary(t)
process.env.TMPDIR = temporary.folder
const apache = await installed(t, 'apache')

const MPM = 'LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so'

const ran = (input: object, proxy: Product = apache!, meanwhile?: (event: JournalEvent) => void) =>
  ranWith(proxy, input, meanwhile)

const gone = (t: Test) => nothingLeft(t, temporary)

if (apache) tests()

function tests(): void {
  t.test('it takes every setting that the driver writes', async (t) => {
    const secured = { app1: { kind: 'origin', tls: true }, app2: { kind: 'origin', tls: true } }
    const older = ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256']
    const table: [what: string, lb: object, hops?: object][] = [
      ['usual', {}],
      ['weights, failures, connections', { to: [{ hop: 'app1', weight: 3, max_fails: 1, max_conns: 9 }, 'app2'] }],
      ['a queue', { to: [{ hop: 'app1', max_conns: 1 }], queue: { size: 9, timeout: '1s' } }],
      ['backup', { to: ['app1', { hop: 'app2', backup: true }] }],
      ['down', { to: ['app1', { hop: 'app2', down: true }] }],
      ['least_conn', { balance: 'least_conn' }],
      ['off', { next_upstream: 'off' }],
      ['no keep-alive', { keepalive: { connections: 0 } }],
      ['keep-alive', { keepalive: { connections: 1, idle: '1s' } }],
      ['timeouts', { timeouts: { connect: '1500500us', send: '1s', read: '1500500us', reply: '1s', client: '10s' } }],
      ['a source', { source: '127.0.0.9' }],
      ['TLS to clients', { tls: { max_version: 'TLSv1.2', ciphers: older } }],
      ['TLS 1.3 ciphers', { tls: { ciphers: ['TLS_AES_128_GCM_SHA256'] } }],
      [
        'TLS to servers',
        { upstream_tls: { client_certificate: true, ciphers: ['TLS_AES_256_GCM_SHA384', ...older] } },
        secured,
      ],
      ['a unix socket', { to: ['app1'] }, { app1: { kind: 'origin', socket: true } }],
    ]
    for (const [what, lb, hops] of table) {
      const input = behind(lb)
      const { result } = await ran({ ...input, hops: { ...input.hops, ...hops } })
      t.same([result.verdict, result.reason], ['pass', undefined], what)
    }
    await gone(t)
  })

  t.test('its log is the journal: who was tried, what became of it, which lines it wrote', async (t) => {
    const { result, events, forwards } = await ran(
      behind(
        { dialect: 'nginx', to: [{ hop: 'app1', max_fails: 1 }, 'app2'] },
        {
          faults: [{ id: 'gone', on: 'app1', at: 'connect', effect: 'refuse' }],
          expect: [
            { fault: 'gone', fired: '= 1' },
            { client: 'plain', status: 200, count: '= 4' },
            { proxy: 'lb', tries: '= 5' },
            { proxy: 'lb', passed: 200, count: '= 4' },
          ],
        },
      ),
    )
    t.same([result.verdict, result.reason], ['pass', undefined])
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
    const [first] = events.filter((event) => event.event === 'log')
    t.match(first, {
      request: 'plain-1',
      level: 'error',
      line: /^\[proxy:error\] \[pid \d+:tid \d+\] \(111\)Connection/,
    })
    const sent = events.find((event) => event.event === 'attempt')
    t.equal(forwards[0]!.peer, sent?.event === 'attempt' && sent.local, 'joined by the client’s end of the connection')
    await gone(t)
  })

  t.test('dies at start: its own words', async (t) => {
    const { result } = await ran(behind({}), { ...apache!, configuration: () => `${MPM}\nBogus on\n` })
    t.match(result, {
      verdict: 'error',
      reason: /apache .* did not start for hop "lb": AH00526: Syntax error on line 2 of .*: Invalid command 'Bogus'/,
    })
    await gone(t)
  })

  t.test('ends in the middle of a run', async (t) => {
    const kill = (event: JournalEvent): void => {
      if (event.event !== 'request' || event.request !== 'plain-2') return
      // The first of its processes is the one that started the others; before it stands the shell that keeps it.
      const all = temporary.processes().filter((command) => /^\d+ (\S*\/)?apache2 /.test(command))
      process.kill(Math.min(...all.map((command) => Number(command.split(' ')[0]))), 'SIGTERM')
    }
    const load = { rate: '20/s', for: '30s' }
    const { result } = await ran(behind({}, { clients: { plain: { to: 'lb', load } } }), apache!, kill)
    t.match(result, { verdict: 'error', reason: /^apache .* in the place of hop "lb" ended unasked/ })
    await gone(t)
  })

  t.test('a client that leaves: Apache goes on until its own limit, and nobody waits for that', async (t) => {
    const input = behind(
      { to: ['app1'] },
      {
        faults: [{ id: 'silent', on: 'app1', at: 'request_head', effect: 'stall' }],
        clients: { hasty: { to: 'lb', load: { requests: 2 }, gives_up: '50ms' } },
        expect: [{ fault: 'silent', fired: '= 2' }],
      },
    )
    const { result, forwards } = await ran(input)
    t.same([result.verdict, result.reason], ['pass', undefined])
    t.same(forwards, [], 'they go on')
    await gone(t)
  })
}
