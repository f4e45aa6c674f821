/**
 * A proxy that the user runs, in the place of a proxy hop. The user's own is a real nginx that this test starts, with a
 * configuration that the rig has never seen.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { JournalEvent } from '../../../src/journal/events.js'
import type { ScenarioResult } from '../../../src/journal/result.js'
import { KeptPort } from '../../../src/live/kept_port.js'
import { accepts } from '../../../src/live/proxies/asking.js'
import { keep } from '../../../src/live/proxies/keeper.js'
import type { Foreign } from '../../../src/live/proxies/stand_in.js'
import { traceLines } from '../../../src/reports/trace.js'
import { run, runScenario } from '../../../src/run.js'
import { until } from '../../cli/command.js'
import { freePorts, installed, loaded, ownTemporary } from './real.js'

const temporary = ownTemporary(t)
const nginx = await installed(t, 'nginx')
const [listen, one, two] = (await freePorts(3)) as [number, number, number]
const url = (...upstreamPorts: number[]): Foreign => ({
  is: 'url',
  name: `http://127.0.0.1:${listen}`,
  host: '127.0.0.1',
  port: listen,
  upstreamPorts,
  readyWithin: 500,
})

const scenario = (more: object = {}, lb: object = {}) => ({
  hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'], ...lb } },
  clients: { plain: { to: 'lb', load: { requests: 3 } } },
  expect: [{ client: 'plain', status: 200, count: '= 3' }],
  ...more,
})

async function ran(input: object, proxy = url(one)): Promise<{ result: ScenarioResult; events: JournalEvent[] }> {
  const events: JournalEvent[] = []
  const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), close: async () => {} })
  return { result: await runScenario(loaded(input), { proxy, openJournal }), events }
}

t.test('3 where nobody answers at the URL, and what to do', async (t) => {
  // Another test beside this one might be given the port otherwise, and answer there.
  const kept = await KeptPort.prepare(listen)
  await kept.take()
  const { result } = await ran(scenario())
  await kept.close()
  t.match(result, {
    verdict: 'error',
    reason: `Nobody answers at http://127.0.0.1:${listen}. Start your proxy there, with 127.0.0.1:${one} behind it`,
  })
})

t.test('causes that can’t apply are skipped with the reason', async (t) => {
  const table: [why: RegExp, input: object, proxy?: Foreign][] = [
    [/clients come to the URL without TLS/, scenario({}, { tls: true })],
    [/which address your proxy dials from/, scenario({}, { source: '127.0.30.1' })],
    [/pages and a Server header of its own/, scenario({}, { dialect: 'edge' })],
    [/does not ask the name server of the run/, scenario({}, { resolver: {} })],
    [
      /the CA of the servers is made for each run/,
      scenario({ hops: { app: { kind: 'origin', tls: true }, lb: { kind: 'proxy', to: ['app'] } } }),
    ],
    [
      /does not know the path of its unix socket/,
      scenario({ hops: { app: { kind: 'origin', socket: true }, lb: { kind: 'proxy', to: ['app'] } } }),
    ],
    [/which port your proxy goes to is its own business/, scenario({}, { to: [{ hop: 'app', port: 1 }] })],
    [/it has 1 server, and --proxy-upstream-port names 2 ports/, scenario(), url(one, two)],
    [
      /an address without a route is known to the rig’s own proxy only/,
      scenario({ faults: [{ id: 'f', on: 'app', at: 'connect', effect: 'unreachable' }] }),
    ],
    [/one of its own address/, scenario({ faults: [{ id: 'f', on: 'lb', at: 'connect', effect: 'refuse' }] })],
  ]
  for (const [reason, input, proxy] of table) t.match((await ran(input, proxy)).result, { verdict: 'skipped', reason })
})

if (nginx) withNginx(nginx.program)

function withNginx(program: string): void {
  t.test('the user’s own nginx', async (t) => {
    const folder = join(temporary.folder, 'own')
    mkdirSync(folder)
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    )
    writeFileSync(
      join(folder, 'nginx.conf'),
      `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
      http { access_log off; ${paths.join(' ')} upstream up { server 127.0.0.1:${one}; }
        server { listen 127.0.0.1:${listen}; location / { proxy_pass http://up; proxy_connect_timeout 200ms; proxy_read_timeout 200ms; } } }`,
    )
    const own = keep(program, ['-c', join(folder, 'nginx.conf'), '-p', folder], folder)
    t.teardown(() => own.stop())
    for (let up = false; !up; ) up = await accepts(listen)

    await t.test('requests pass it; what nobody can know is skipped, the rest is judged', async (t) => {
      const { result, events } = await ran(
        scenario({
          faults: [{ id: 'rst', on: 'app', at: 'request_head', effect: 'reset', first: 1 }],
          expect: [
            { fault: 'rst', fired: '= 1' },
            { client: 'plain', status: 502, count: '= 1' },
            { client: 'plain', error: 'connection_terminated', count: '= 1' },
            { origin: 'app', requests: '= 3' },
            { proxy: 'lb', status: 502, count: '= 99' },
            { proxy: 'lb', error: 'connection_terminated', word: 'x', count: '= 99' },
            { log: 'lb', contains: 'x', count: '= 99' },
          ],
        }),
      )
      t.same([result.verdict, result.reason], ['pass', undefined])
      t.same(
        result.checks.map(({ verdict }) => verdict),
        ['pass', 'pass', 'skipped', 'pass', 'skipped', 'skipped', 'skipped'],
      )
      const name = `http://127.0.0.1:${listen}`
      t.match(result.checks.slice(-3), [
        { reason: `${name} tells nothing of its requests` },
        { reason: `${name} tells nothing of its requests` },
        { reason: `the log of ${name} is not the rig’s to read` },
      ])
      t.notOk(events.some(({ event }) => event === 'forward'))
      const trace = traceLines(events).join('\n')
      t.match(trace, /app +fault +rst: reset at request_head/)
    })

    await t.test('a fault of an address: nobody sees it, and what it does is judged all the same', async (t) => {
      const faults = [{ id: 'gone', on: 'app', at: 'connect', effect: 'refuse' }]
      const expect = [
        { fault: 'gone', fired: '= 3' },
        { client: 'plain', status: 502, count: '= 3' },
        { origin: 'app', connections: '= 0' },
      ]
      const { result } = await ran(scenario({ faults, expect }))
      t.match(result, {
        verdict: 'pass',
        faults: [{ fired: null }],
        checks: [{ verdict: 'skipped' }, { verdict: 'pass' }, { verdict: 'pass' }],
      })
    })

    await t.test('a link that misbehaves, an origin that crashes: at the same port', async (t) => {
      const wire = [
        {
          id: 'far',
          on: 'lb->app',
          at: 'wire',
          effect: { type: 'delay', by: { type: 'uniform', from: '20ms', to: '30ms' } },
        },
      ]
      const slow = await ran(
        scenario({ faults: wire, expect: [{ client: 'plain', metric: 'latency_p50_ms', is: '>= 40ms' }] }),
      )
      t.same([slow.result.verdict, slow.result.reason], ['pass', undefined])
      const dies = [{ id: 'dies', on: 'app', at: 'request_head', effect: 'crash' }]
      const crash = await ran(
        scenario({
          faults: dies,
          expect: [
            { client: 'plain', status: 502, count: '= 3' },
            { fault: 'dies', fired: '= 1' },
          ],
        }),
      )
      t.same([crash.result.verdict, crash.result.reason], ['pass', undefined])
    })

    await t.test('settings that the scenario has and nobody else knows of are noted', async (t) => {
      const stalls = { faults: [{ id: 'silent', on: 'app', at: 'request_head', effect: 'stall' }] }
      const { result } = await ran(
        scenario(
          { ...stalls, expect: [{ client: 'plain', status: 504, count: '= 3' }] },
          { timeouts: { read: '200ms' } },
        ),
      )
      t.match(result, {
        verdict: 'pass',
        notes: [`timeouts.read 200ms of hop lb: they count as far as http://127.0.0.1:${listen} has the same`],
      })
    })

    await t.test('one scenario at a time, since all have the same ports', async (t) => {
      const named = ['a', 'b', 'c'].map((id) => loaded({ ...scenario(), id }))
      const result = await run(named, { proxy: url(one) })
      t.same([result.verdict, result.proxy], ['pass', `http://127.0.0.1:${listen}`])
    })

    await t.test('3 where the port behind it is taken', async (t) => {
      const occupant = createServer().listen(one, '127.0.0.1')
      await new Promise((done) => occupant.once('listening', done))
      t.teardown(() => occupant.close())
      const { result } = await ran(scenario())
      t.match(result, {
        verdict: 'error',
        reason: `Port ${one} for hop "app" is taken. Free the port, or name another one with --proxy-upstream-port`,
      })
    })
  })

  t.test('nothing of it is left', async (t) => {
    await until(() => temporary.processes().length === 0)
    t.same(temporary.files(), [])
  })
}
