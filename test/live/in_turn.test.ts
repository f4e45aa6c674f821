/** Clients in turn: each has the path to itself and finds it as it was, and one journal tells of all. */
import { test } from 'tap'
import type { JournalEvent } from '../../src/journal/events.js'
import { turnsIn } from '../../src/journal/turns.js'
import { rig } from '../../src/rig.js'
import { type RunOptions, run } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'

const scenario = (more: object = {}) => ({
  file: 'x',
  scenario: checkScenario(
    {
      id: 'turns',
      title: 'One after the other',
      in_turn: true,
      hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } },
      clients: { a: { to: 'lb', load: { requests: 3 } }, b: { to: 'lb', load: { requests: 2 } } },
      expect: [
        { client: 'a', status: 200, count: '= 3' },
        { client: 'b', status: 200, count: '= 2' },
        { origin: 'app', requests: '= 5' },
      ],
      ...more,
    },
    { runnable: true },
  ),
})

async function ran(more: object = {}, options: RunOptions = {}) {
  const events: JournalEvent[] = []
  const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), close: async () => {} })
  const result = await run([scenario(more)], { openJournal, ...options })
  return { events, turns: turnsIn(events), result: result.scenarios[0]! }
}

test('each turn starts the hops anew and names its client; checks read all turns together', async (t) => {
  const { turns, result } = await ran({}, { trace: true })
  t.equal(result.verdict, 'pass', `${result.reason}`)
  t.same(
    turns.map(({ client }) => client),
    ['a', 'b'],
  )
  for (const { client, events } of turns) {
    const asked = new Set(events.flatMap((event) => (event.event === 'request' ? [event.client] : [])))
    t.same([...asked], [client], 'nobody else is there')
    const hops = events.flatMap((event) => (event.event === 'hop' ? [event.hop] : []))
    t.same(hops.sort(), ['app', 'lb'])
    t.equal(events.at(-1)!.event, 'end')
  }
  const heads = result.trace!.filter((line) => /^(the turn|request)/.test(line))
  t.match(heads, ['the turn of a', /^request a-1 .*3 requests/, 'the turn of b', /^request b-1 .*2 requests/])
})

test('windows count from the start of each turn', async (t) => {
  const down = { id: 'down', on: 'app', at: 'request_head', effect: 'reset', window: { to: '1s' } }
  // A busy machine may be late, but hardly for all of that second.
  const load = { rate: '20/s', for: '1200ms' }
  const { result } = await ran({
    faults: [down],
    clients: { a: { to: 'app', load }, b: { to: 'app', load } },
    hops: { app: { kind: 'origin' } },
    expect: [{ fault: 'down', fired: '>= 2' }],
  })
  for (const name of ['a', 'b']) t.match(result.clients[name]!.outcomes, { connection_terminated: Number }, name)
})

test('open arrivals are drawn alike for each turn', async (t) => {
  const load = { rate: '100/s', for: '300ms', arrivals: 'poisson' }
  const { result } = await ran({
    clients: { a: { to: 'app', load }, b: { to: 'app', load } },
    hops: { app: { kind: 'origin' } },
    expect: [{ client: 'a', status: 200, count: '>= 1' }],
  })
  t.equal(result.clients.a!.requests, result.clients.b!.requests)
})

test('the time limit is one of a turn, and what breaks a turn ends the scenario', async (t) => {
  const stall = { id: 'stall', on: 'app', at: 'request_head', effect: 'stall' }
  const { turns, result } = await ran({ faults: [stall], time_limit: '200ms' })
  t.equal(result.verdict, 'error')
  t.match(result.reason, 'took longer than time_limit')
  t.equal(turns.length, 1)

  const slow = { id: 'slow', on: 'app', at: 'request_head', effect: { type: 'delay', by: '700ms' } }
  const patient = await ran({ faults: [slow], time_limit: '10s' })
  t.equal(patient.result.verdict, 'pass', `${patient.result.reason}`)
  t.equal(patient.turns.length, 2)
})

test('an interruption leaves the turns that are to come', async (t) => {
  const stop = new AbortController()
  const seen: JournalEvent[] = []
  const openJournal = () => ({
    write(event: JournalEvent) {
      seen.push(event)
      if (event.event === 'request') stop.abort()
    },
    close: async () => {},
  })
  const result = await run([scenario()], { openJournal, signal: stop.signal })
  t.equal(result.interrupted, true)
  t.same(
    turnsIn(seen).map(({ client }) => client),
    ['a'],
  )
})

test('a rig: one after the other on the same hops, windows and counts anew', async (t) => {
  const lab = await rig({
    in_turn: true,
    hops: { app: { kind: 'origin' } },
    clients: { a: { to: 'app', load: { requests: 3 } }, b: { to: 'app', load: { requests: 2 } } },
    faults: [{ id: 'first', on: 'app', at: 'request_head', effect: { type: 'respond', status: 503 }, first: 1 }],
  })
  t.teardown(() => lab.close())
  const facts = await lab.load()
  for (const name of ['a', 'b']) t.equal(facts.clients.get(name)!.metrics.statuses['503'], 1, name)
})
