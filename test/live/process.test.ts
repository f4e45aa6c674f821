/**
 * Hops in processes of their own: what a crash leaves on the wire, seen from the peer's socket, and that the process is
 * really gone; what the rig says reaches it, and nothing of it outlives the run.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import type { ExitEvent, JournalEvent } from '../../src/journal/events.js'
import type { RigInput } from '../../src/rig.js'
import { runScenario } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'
import { dialed, exchange, isKept, MB, portOf, until, withRig } from './peers.js'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: r1\r\n\r\n'
const body = 'a'.repeat(100)
const head = /^HTTP\/1\.1 200 OK\r\nContent-Length: 100\r\nDate: [^\r]+\r\nConnection: keep-alive\r\n\r\n/

const crashing = (fault: object, origin: object = {}): RigInput =>
  ({
    hops: { app: { kind: 'origin', response: { body }, ...origin } },
    faults: [{ id: 'f', on: 'app', effect: 'crash', ...fault } as object],
  }) as RigInput

const exits = (journal: readonly JournalEvent[]): ExitEvent[] => journal.filter((event) => event.event === 'exit')

/** No signal is sent; false when there is no such process. */
function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Node's processes that this one has started: those of hops. */
const children = (of: number | string = process.pid): number[] =>
  readFileSync(`/proc/${of}/task/${of}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

t.test('a crash kills the process, and who dials again is refused', async (t) => {
  await withRig(crashing({ at: 'request_head' }), async (lab) => {
    const [pid] = children()
    t.ok(pid !== undefined && lives(pid), 'the origin is a process')
    const peer = await exchange(portOf(lab, 'app'), GET)
    t.same([await peer.ended(), peer.received], ['FIN', ''], 'FIN: it had read everything')
    t.equal(await await exchangeOrRefused(portOf(lab, 'app')), 'ECONNREFUSED', 'at once, its listener was first to go')
    await until(() => exits(lab.journal).length === 1)
    t.same([exits(lab.journal)[0]!.signal, exits(lab.journal)[0]!.pid], ['SIGKILL', pid])
    t.notOk(lives(pid!))
    await until(() => isKept(portOf(lab, 'app')))
    t.equal(await await exchangeOrRefused(portOf(lab, 'app')), 'ECONNREFUSED', 'kept from others, and still refused')
    t.equal(lab.fault('f').fired, 1)
    const order = lab.journal.filter(({ event }) => event !== 'hop').map(({ event }) => event)
    t.same(order, ['connection', 'served', 'fault', 'exit'], 'nothing was lost, and in the order in which it happened')
    const times = lab.journal.map(({ t }) => t)
    t.same(
      times,
      [...times].sort((a, b) => a - b),
      'on one clock',
    )
  })
})

/** Dials: how it went. */
async function exchangeOrRefused(port: number): Promise<string> {
  try {
    const peer = await dialed(port)
    peer.socket.destroy()
    return 'connected'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!
  }
}

t.test('RST where bytes of the request were not read', async (t) => {
  await withRig(crashing({ at: 'request_head' }), async (lab) => {
    const peer = await exchange(
      portOf(lab, 'app'),
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${MB}\r\n\r\n${'b'.repeat(MB)}`,
    )
    t.same([await peer.ended(), peer.received], ['RST', ''])
  })
})

t.test('at accept nothing was read: FIN to who is silent', async (t) => {
  await withRig(crashing({ at: 'accept' }), async (lab) => {
    const peer = await exchange(portOf(lab, 'app'), '')
    t.same([await peer.ended(), peer.received], ['FIN', ''])
  })
})

for (const after of [0, 17]) {
  t.test(`after exactly ${after} bytes of the head, and of the body`, async (t) => {
    await withRig(crashing({ at: { type: 'response_head', after: `${after}B` } }), async (lab) => {
      const peer = await exchange(portOf(lab, 'app'), GET)
      t.same([await peer.ended(), peer.received], ['FIN', 'HTTP/1.1 200 OK\r\n'.slice(0, after)])
    })
    await withRig(crashing({ at: { type: 'response_body', after: `${after}B` } }), async (lab) => {
      const peer = await exchange(portOf(lab, 'app'), GET)
      t.equal(await peer.ended(), 'FIN')
      t.match(peer.received, head)
      t.equal(peer.body, 'a'.repeat(after))
    })
  })
}

t.test('within the request body, behind the whole response, and while the connection is idle', async (t) => {
  const POST = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n${'b'.repeat(40)}`
  await withRig(crashing({ at: { type: 'request_body', after: '40B' } }), async (lab) => {
    const peer = await exchange(portOf(lab, 'app'), POST)
    t.same([await peer.ended(), peer.received], ['FIN', ''], 'all that came was read: no RST')
    t.equal(lab.fault('f').fired, 1)
  })
  for (const at of ['response_end', { type: 'idle', after: '20ms' }]) {
    await withRig(crashing({ at }), async (lab) => {
      const peer = await exchange(portOf(lab, 'app'), GET)
      t.same([await peer.ended(), peer.body], ['FIN', body], `${JSON.stringify(at)}: the response is whole`)
      t.match(peer.received, head)
      await until(() => exits(lab.journal).length === 1)
      t.equal(exits(lab.journal)[0]!.signal, 'SIGKILL')
      t.equal(lab.fault('f').fired, 1)
    })
  }
})

t.test('under TLS: the certificate is of the run, the kill is seen below', async (t) => {
  await withRig(crashing({ at: { type: 'response_body', after: '17B' } }, { tls: true }), async (lab) => {
    const secure = connectTls({ port: portOf(lab, 'app'), host: '127.0.0.1', servername: 'app', ca: lab.ca })
    await once(secure, 'secureConnect')
    t.equal(secure.authorized, true)
    secure.write(GET)
    let text = ''
    secure.on('data', (chunk) => {
      text += chunk
    })
    await once(secure, 'end')
    t.equal(text.replace(head, ''), 'a'.repeat(17))
  })
  await withRig(crashing({ at: 'client_hello' }, { tls: true }), async (lab) => {
    const [error] = await once(connectTls({ port: portOf(lab, 'app'), host: '127.0.0.1' }), 'error')
    t.equal(error.code, 'ECONNRESET')
    t.equal(lab.facts.fired.get('f'), 1)
  })
})

t.test('restart_after: another process on the same port, and it goes on counting', async (t) => {
  const input = crashing({ at: 'request_head', effect: { type: 'crash', restart_after: '50ms' }, first: 2 })
  await withRig(input, async (lab) => {
    const port = portOf(lab, 'app')
    const back = (times: number) => until(() => lab.journal.filter(({ event }) => event === 'hop').length === 1 + times)
    for (const times of [1, 2]) {
      t.equal(await (await exchange(port, GET)).ended(), 'FIN')
      t.equal(await exchangeOrRefused(port), 'ECONNREFUSED')
      await back(times)
      const events = lab.journal.filter(({ event }) => event === 'exit' || event === 'hop')
      t.ok(events.at(-1)!.t - events.at(-2)!.t >= 49, 'not before its time')
    }
    const peer = (await dialed(port)).send(GET)
    t.match(await peer.until(body), head, 'the third request is not one of the first two')
    peer.socket.destroy()
    t.equal(new Set(exits(lab.journal).map(({ pid }) => pid)).size, 2)
    t.equal(lab.fault('f').fired, 2)
  })
})

t.test('disarm, arm and reset reach the process', async (t) => {
  await withRig(crashing({ at: 'request_head', after: 1 }), async (lab) => {
    const port = portOf(lab, 'app')
    const answered = async (what: string): Promise<void> => {
      const peer = (await dialed(port)).send(GET)
      t.match(await peer.until(body), head, what)
      peer.socket.destroy()
    }
    const [pid] = children()
    await lab.fault('f').disarm()
    await answered('disarmed')
    await answered('and again')
    await lab.fault('f').arm()
    await answered('the first after it was armed')
    await lab.reset()
    await answered('counting begins anew')
    t.same(children(), [pid], 'all that is one process')
    t.equal(await (await exchange(port, GET)).ended(), 'FIN')
    t.equal(await exchangeOrRefused(port), 'ECONNREFUSED')
    await lab.fault('f').disarm()
    t.equal(await exchangeOrRefused(port), 'ECONNREFUSED', 'the dead stay dead')
    await lab.reset()
    t.equal(lab.fault('f').fired, 0)
    await answered('until the next test begins')
  })
})

t.test('a window of the process is a window of the run', async (t) => {
  await withRig(crashing({ at: 'request_head', window: { from: '150ms' } }), async (lab) => {
    let how = ''
    while (how === '') {
      const peer = (await dialed(portOf(lab, 'app'))).send(GET)
      await peer.until(body)
      if (peer.received === '') how = await peer.ended()
      peer.socket.destroy()
    }
    t.equal(how, 'FIN')
    const [fault] = lab.journal.filter(({ event }) => event === 'fault')
    t.ok(fault!.t >= 150, `at ${fault!.t}`)
  })
})

const scenario = {
  id: 'killed',
  title: 'x',
  hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } },
  clients: { plain: { to: 'lb', load: { rate: '100/s', for: '20s' } } },
  faults: [{ id: 'f', on: 'app', at: 'request_head', effect: 'crash', match: { path: '/never' } }],
  expect: [{ client: 'plain', status: 200, count: '>= 0' }],
}

t.test('a process that dies unasked is an error, not a verdict', async (t) => {
  const before = children()
  const checked = checkScenario(scenario, { runnable: true })
  const kill = {
    path: 'none',
    write(event: JournalEvent) {
      if (event.event !== 'attempt') return
      for (const pid of children()) if (!before.includes(pid)) process.kill(pid, 'SIGKILL')
    },
    close: async () => {},
  }
  const { verdict, reason } = await runScenario({ file: 'x', scenario: checked }, { openJournal: () => kill })
  t.equal(verdict, 'error')
  t.match(reason, 'The process of hop "app" ended unasked, killed by SIGKILL')
})

t.test('one that ends before it listens is told once', async (t) => {
  const { execPath } = process
  process.execPath = '/bin/false'
  const ran = runScenario({ file: 'x', scenario: checkScenario(scenario, { runnable: true }) })
  const { reason } = await ran.finally(() => {
    process.execPath = execPath
  })
  t.match(reason, /^The process of hop "app" ended unasked\. See whether .* is used up$/)
})

t.test('a run that is stopped leaves no process behind', async (t) => {
  const checked = checkScenario(scenario, { runnable: true })
  const stop = new AbortController()
  let started: number[] = []
  const journal = {
    path: 'none',
    write(event: JournalEvent) {
      if (event.event !== 'attempt' || started.length > 0) return
      started = children()
      stop.abort()
    },
    close: async () => {},
  }
  await runScenario({ file: 'x', scenario: checked }, { signal: stop.signal, openJournal: () => journal })
  t.ok(started.length > 0)
  t.notOk(started.some(lives))
})

t.test('nor does a parent that is killed', async (t) => {
  const program: ChildProcess = fork('test/live/fixtures/rig_that_is_killed.mjs', { execArgv: [] })
  const [pid] = (await once(program, 'message')) as [number]
  t.ok(lives(pid))
  program.kill('SIGKILL')
  await once(program, 'exit')
  await until(() => !lives(pid))
  t.notOk(lives(pid))
})

t.test('a fixed port that is taken is told as by any hop', async (t) => {
  await withRig({ hops: { other: { kind: 'origin' } } }, async (lab) => {
    const port = portOf(lab, 'other')
    await t.rejects(
      withRig(crashing({ at: 'accept' }, { port }), async () => {}),
      {
        code: 'BADGATEWAY_CANNOT_RUN',
        message: `Port ${port} for hop "app" is taken. Free the port, or leave "port" of hops.app out to get any free one`,
      },
    )
  })
})
