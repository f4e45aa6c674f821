/** How several scenarios run: side by side, alone, repeatedly. Their journals tell when each began and ended. */
import { createServer, type Server } from 'node:net'
import { type Test, test } from 'tap'
import { type JournalFile, type LoadedScenario, run } from '../src/run.js'
import { checkScenario } from '../src/scenario/parse.js'
import { freePorts } from './live/proxies/real.js'

const scenario = (id: string, more: object = {}): LoadedScenario => {
  const input = {
    id,
    title: 'One request is answered',
    hops: { app: { kind: 'origin' } },
    clients: { plain: { to: 'app' } },
    expect: [{ client: 'plain', status: 200, count: '= 1' }],
    ...more,
  }
  return { file: `${id}.yaml`, scenario: checkScenario(input, { runnable: true }) }
}

const RETRY = { type: 'full_jitter', attempts: 5, base: '1ms' }

/** Journals that keep only when they were opened and closed. */
function diary(onClose: (id: string, nth: number) => Promise<void> = async () => {}) {
  const entries: string[] = []
  const openJournal = (id: string, nth: number): JournalFile => {
    entries.push(`+${id}`)
    return {
      path: `${id}.${nth}`,
      write() {},
      async close() {
        entries.push(`-${id}`)
        await onClose(id, nth)
      },
    }
  }
  return { entries, openJournal }
}

const alone = { alone: true }

test('what is alone runs after the others, and one at a time', async (t) => {
  const { entries, openJournal } = diary()
  const loaded = [scenario('x', alone), scenario('a'), scenario('y', alone), scenario('b'), scenario('c')]
  const seen: string[] = []
  const result = await run(loaded, { openJournal, onResult: ({ id }) => seen.push(id) })
  t.same(entries.slice(0, 3), ['+a', '+b', '+c'], 'side by side')
  t.same(entries.slice(-4), ['+x', '-x', '+y', '-y'])
  t.same(
    result.scenarios.map(({ id }) => id),
    ['x', 'a', 'y', 'b', 'c'],
    'told in the order in which they were given',
  )
  t.same(seen.slice(-2), ['x', 'y'])
  t.equal(result.verdict, 'pass')
})

test('no more side by side than said', async (t) => {
  const { entries, openJournal } = diary()
  await run([scenario('a'), scenario('b'), scenario('c')], { openJournal, parallel: 1 })
  t.same(entries, ['+a', '-a', '+b', '-b', '+c', '-c'])
})

async function occupy(t: Test, port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  t.teardown(() => server.close())
  return server
}

test('repeated: the gravest verdict, its own journal, and how often each came out', async (t) => {
  const [port] = (await freePorts(1)) as [number]
  let occupant: Server | undefined
  const { openJournal } = diary(async (_id, nth) => {
    if (nth === 2) occupant = await occupy(t, port)
    if (nth === 3) await new Promise((closed) => occupant!.close(closed))
  })
  const flaky = scenario('flaky', { hops: { app: { kind: 'origin', port } } })
  const result = await run([flaky], { openJournal, repeat: 5 })
  t.match(result, { verdict: 'error', scenarios: [{ verdict: 'error', journal: 'flaky.3' }] })
  t.same(result.scenarios[0]!.verdicts, { pass: 4, error: 1 })
  t.match(
    result.scenarios[0]!.repeats!.map(({ seed, verdict }) => [seed, verdict]),
    [1, 2, 3, 4, 5].map((nth) => [1, nth === 3 ? 'error' : 'pass']),
  )
})

const tossed = {
  clients: { once: { to: 'app', load: { requests: 40 } }, again: { to: 'app', load: { requests: 40 }, retry: RETRY } },
  faults: [{ id: 'busy', on: 'app', at: 'request_head', effect: { type: 'respond', status: 503 }, probability: '30%' }],
  expect: [{ fault: 'busy', fired: '>= 1' }],
}

test('repeated: every run is kept; the same seed gives the same, its own seed another tape', async (t) => {
  const same = (await run([scenario('a', tossed)], { repeat: 3, seed: 5 })).scenarios[0]!
  const rates = ({ repeats }: typeof same) => repeats!.map(({ clients }) => clients.once!.success_rate)
  t.same(
    same.repeats!.map(({ seed }) => seed),
    [5, 5, 5],
  )
  t.equal(new Set(rates(same)).size, 1)
  const varied = (await run([scenario('a', tossed)], { repeat: 4, seed: 5, varySeed: true })).scenarios[0]!
  t.equal(new Set(varied.repeats!.map(({ seed }) => seed)).size, 4)
  t.equal(varied.repeats![0]!.seed, 5)
  t.equal(rates(varied)[0], rates(same)[0])
  t.ok(new Set(rates(varied)).size > 1)
  const [, second] = varied.repeats!
  const alone = (await run([scenario('a', tossed)], { seed: second!.seed })).scenarios[0]!
  t.equal(alone.clients.once!.success_rate, second!.clients.once!.success_rate, 'its seed gives it again')
  t.equal(alone.repeats, undefined, 'one run is its own')
})

test('ranked: clients of each scenario that has several', async (t) => {
  const rank = { metric: 'success_rate' }
  const result = await run([scenario('a', tossed), scenario('b')], { repeat: 2, varySeed: true, rank })
  const [two, one] = result.scenarios
  t.match(two!.ranking, {
    against: 'again',
    repeats: 2,
    clients: [{ client: 'again' }, { client: 'once', ci95: Array }],
  })
  t.equal(one!.ranking, undefined)
})

test('repeated: an interruption ends it, and only what ran is counted', async (t) => {
  const stop = new AbortController()
  const { openJournal } = diary(async (_id, nth) => {
    if (nth === 2) stop.abort()
  })
  const result = await run([scenario('a'), scenario('b', alone)], { openJournal, repeat: 5, signal: stop.signal })
  t.equal(result.interrupted, true)
  t.match(result.scenarios, [{ id: 'a', verdict: 'pass' }])
  t.same(result.scenarios[0]!.verdicts, { pass: 2 })
})
