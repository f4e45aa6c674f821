/** What a run costs the thread of its clients: of a thread that keeps something, and of the clients as they are. */
import { connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import type { JournalEvent, ThreadEvent } from '../../src/journal/events.js'
import { FEWEST_FAILURES } from '../../src/journal/metrics/cost.js'
import { createReduction } from '../../src/journal/reduce.js'
import { watchLag } from '../../src/live/lag.js'
import { watchToll, weighIdle } from '../../src/live/thread/toll.js'
import { runScenario } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'
import { attempt, request } from '../journal/events.js'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const busyFor = (ms: number): void => {
  for (const start = performance.now(); performance.now() - start < ms; );
}

const failing = attempt({ decision: 'attempts_exhausted' })

/** As a reducer has it that hears of this event. */
function metricsOf(thread: Omit<ThreadEvent, 'event' | 't'>) {
  const reduction = createReduction()
  for (const event of [request(), { event: 'thread', t: 1, ...thread } as const]) reduction.add(event)
  return reduction.facts.clients.get('plain')!.metrics
}

t.test('lateness counts for every timer that would have been due, not only for the one that rang', async (t) => {
  const watch = watchLag()
  await sleep(500)
  busyFor(200)
  await sleep(500)
  const { p99Ms, maxMs } = watch.stop()
  // About 240 are due, 40 of them while it was busy: the 99th percentile of these is the 38th.
  t.ok(p99Ms >= 150, `p99 ${p99Ms} ms`)
  t.ok(maxMs >= p99Ms && maxMs >= 190, `at most ${maxMs} ms`)
})

t.test('KB that stay of 1000 failed attempts', async (t) => {
  const kept: number[][] = []
  const passing: number[][] = Array.from({ length: 500 }, () => [])
  weighIdle()
  const toll = watchToll()
  for (let n = 0; n < 2 * FEWEST_FAILURES; n++) {
    // Doubles, 8 bytes each: a kilobyte. Twice as much lives long enough to outlast small collections, and no longer.
    kept.push(Array.from({ length: 128 }, (_, i) => i + 0.5))
    passing[n % passing.length] = Array.from({ length: 256 }, (_, i) => i + 0.5)
    toll.heard(failing)
    toll.heard(attempt({ decision: 'success' }))
    toll.heard(attempt({ decision: 'another_answered', cancelled: true }))
    if (n % 500 === 0) await sleep(1)
  }
  passing.length = 0
  const { thread } = await toll.stop()
  t.equal(thread.heap?.at(-1)?.[0], 2 * FEWEST_FAILURES, 'neither those that went well nor cancelled ones')
  const slope = metricsOf(thread).heap_kb_per_1000_failures!
  t.ok(slope > 900 && slope < 1400, `${slope} KB`)
  t.equal(kept.length, 2 * FEWEST_FAILURES)
})

t.test('with fewer failures, or others in the thread, nobody can tell', async (t) => {
  const tollOf = async (failures: number, shared: boolean) => {
    weighIdle()
    const toll = watchToll()
    for (let n = 0; n < failures; n++) toll.heard(failing)
    if (shared) toll.shared()
    return (await toll.stop()).thread
  }
  t.ok((await tollOf(FEWEST_FAILURES, false)).heap)
  t.equal((await tollOf(FEWEST_FAILURES - 1, false)).heap, undefined)
  const shared = await tollOf(FEWEST_FAILURES, true)
  t.match(shared, { heap: undefined, timers: undefined, sockets: undefined })
  t.ok(shared.delay_p99_ms >= 0)
})

t.test('timers and sockets that are left, and none that were there before', async (t) => {
  const taken: Socket[] = []
  const server = createServer((socket) => void taken.push(socket)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const dial = () =>
    new Promise<Socket>((resolve) => {
      const socket: Socket = connect(port, '127.0.0.1', () => resolve(socket))
    })
  const timers = [setTimeout(() => {}, 60_000)]
  const sockets = [await dial()]
  while (taken.length < 1) await sleep(1)
  const toll = watchToll()
  timers.push(
    setTimeout(() => {}, 60_000),
    setTimeout(() => {}, 60_000),
    setTimeout(() => {}, 60_000),
  )
  sockets.push(await dial())
  while (taken.length < 2) await sleep(1)
  const { thread } = await toll.stop()
  // Both ends of a connection are in this thread.
  t.match(thread, { timers: 3, sockets: 2 })
  t.match(metricsOf(thread), { timers_left: 3, sockets_left: 2, heap_kb_per_1000_failures: null })
  for (const timer of timers) clearTimeout(timer)
  for (const socket of [...sockets, ...taken]) socket.destroy()
  server.close()
})

t.test('of real clients: nothing is left, and each client that has a turn is told its own', async (t) => {
  const scenario = checkScenario(
    {
      id: 'toll',
      title: 'Many resets',
      hops: { app: { kind: 'origin' } },
      clients: {
        few: { to: 'app', load: { requests: 10 }, retry: { type: 'fixed', attempts: 2, delay: '1ms' } },
        many: {
          to: 'app',
          load: { requests: FEWEST_FAILURES / 5, concurrency: 20 },
          retry: { type: 'fixed', attempts: 5, delay: '1ms' },
        },
      },
      in_turn: true,
      faults: [{ id: 'down', on: 'app', at: 'request_head', effect: 'reset' }],
      expect: [{ client: 'many', metric: 'timers_left', is: '= 0' }],
    },
    { runnable: true },
  )
  const events: JournalEvent[] = []
  const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), close: async () => {} })
  const { verdict, clients } = await runScenario({ file: 'x.yaml', scenario }, { openJournal })
  t.equal(verdict, 'pass')
  t.match(clients, {
    few: { timers_left: 0, sockets_left: 0, heap_kb_per_1000_failures: null },
    many: { timers_left: 0, sockets_left: 0, heap_kb_per_1000_failures: Number },
  })
  t.ok(clients.many!.loop_delay_p99_ms! >= 0)
  t.equal(events.filter(({ event }) => event === 'thread').length, 2)
})
