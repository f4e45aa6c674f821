/** How several scenarios run: side by side, alone, repeatedly. Their journals tell when each began and ended. */
import { createServer, type Server } from 'node:net'
import { type Test, test } from 'tap'
import { type JournalFile, type LoadedScenario, run } from '../src/run.js'
import { checkScenario } from '../src/scenario/parse.js'

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

/** Takes a free port, or that one. */
async function occupy(t: Test, port = 0): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  t.teardown(() => server.close())
  return server
}

test('repeated: the gravest verdict, its own journal, and how often each came out', async (t) => {
  const free = await occupy(t)
  const { port } = free.address() as { port: number }
  await new Promise((closed) => free.close(closed))
  let occupant: Server | undefined
  const { openJournal } = diary(async (_id, nth) => {
    if (nth === 2) occupant = await occupy(t, port)
    if (nth === 3) await new Promise((closed) => occupant!.close(closed))
  })
  const flaky = scenario('flaky', { hops: { app: { kind: 'origin', port } } })
  const result = await run([flaky], { openJournal, repeat: 5 })
  t.match(result, { verdict: 'error', scenarios: [{ verdict: 'error', journal: 'flaky.3' }] })
  t.same(result.scenarios[0]!.verdicts, { pass: 4, error: 1 })
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
