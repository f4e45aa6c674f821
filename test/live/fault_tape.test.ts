/** One tape of faults for all clients, seen at the origin: which attempt of which request was refused. */
import { type Test, test } from 'tap'
import type { JournalEvent } from '../../src/journal/events.js'
import { run } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'

const FAULT = { id: 'no', on: 'app', at: 'request_head', effect: { type: 'respond', status: 503 } }

/** By request number: what each of its attempts was answered, in the order in which the origin served them. */
type Fates = Record<string, (number | undefined)[]>

/** @returns by client */
async function fatesIn(more: object): Promise<Record<string, Fates>> {
  const events: JournalEvent[] = []
  const openJournal = () => ({ write: (event: JournalEvent) => void events.push(event), close: async () => {} })
  const input = {
    id: 'tape',
    title: 'One tape',
    hops: { app: { kind: 'origin' } },
    faults: [{ ...FAULT, probability: '40%' }],
    expect: [{ fault: 'no', fired: '>= 1' }],
    ...more,
  }
  const result = await run([{ file: 'x', scenario: checkScenario(input, { runnable: true }) }], { openJournal })
  if (!['pass', 'inconclusive'].includes(result.verdict)) throw new Error(JSON.stringify(result.scenarios))
  const fates: Record<string, Fates> = {}
  for (const event of events) {
    if (event.event !== 'served' || event.hop !== 'app') continue
    const [, client, n] = /^(.*)-(\d+)$/.exec(event.request)!
    fates[client!] ??= {}
    fates[client!]![n!] = [...(fates[client!]![n!] ?? []), event.status]
  }
  return fates
}

const load = { requests: 60, concurrency: 7 }
const retrying = (attempts: number) => ({ type: 'full_jitter', attempts, base: '1ms', cap: '3ms' })

/** An attempt that the origin answers well is the last of its request. */
function assertSameTape(t: Test, fates: Record<string, Fates>): void {
  const numbers = Array.from({ length: load.requests }, (_, n) => String(n + 1))
  for (const n of numbers) {
    const all = Object.values(fates).map((of) => of[n]!)
    const longest = all.reduce((a, b) => (a.length >= b.length ? a : b))
    for (const one of all) t.strictSame(one, longest.slice(0, one.length), `request ${n}`)
  }
  const seen = Object.values(fates).flatMap((of) => Object.values(of).flat())
  t.ok(seen.includes(503) && seen.includes(200), 'some were refused and some not')
}

test('clients side by side meet the same fates, however much one of them retries', async (t) => {
  const clients = {
    once: { to: 'app', load },
    again: { to: 'app', load, retry: retrying(6) },
    twin: { to: 'app', load, retry: retrying(6) },
  }
  const fates = await fatesIn({ clients })
  assertSameTape(t, fates)
  t.strictSame(fates.twin, fates.again, 'two alike are served alike')
  t.ok(Object.values(fates.again!).some((one) => one.length > 2))
})

test('a client by itself meets what it meets beside others', async (t) => {
  const once = { to: 'app', load }
  const alone = await fatesIn({ clients: { once } })
  const beside = await fatesIn({ clients: { once, other: { to: 'app', load, retry: retrying(6) } } })
  t.strictSame(beside.once, alone.once)
  t.notSame((await fatesIn({ clients: { once }, seed: 2 })).once, alone.once, 'another seed, another tape')
})

test('behind a proxy, and through a process of the hop, it is the same tape', async (t) => {
  const clients = { once: { to: 'lb', load }, again: { to: 'lb', load, retry: retrying(6) } }
  const hops = { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } }
  const fates = await fatesIn({ hops, clients })
  assertSameTape(t, fates)
  const direct = await fatesIn({ clients: { once: { to: 'app', load }, again: { ...clients.again, to: 'app' } } })
  t.strictSame(fates, direct)
  // Never in this load: but what may crash runs in a process of its own.
  const crash = { id: 'die', on: 'app', at: 'request_head', effect: 'crash', window: { from: '1h' } }
  const faults = [{ ...FAULT, probability: '40%' }, crash]
  t.strictSame(await fatesIn({ faults, clients: { once: { to: 'app', load } } }), { once: direct.once })
})

test('every request fails so often and no more', async (t) => {
  const clients = { again: { to: 'app', load, retry: retrying(4) } }
  const { again } = await fatesIn({ faults: [{ ...FAULT, first: 2, per: 'request' }], clients })
  for (const [n, statuses] of Object.entries(again!)) t.strictSame(statuses, [503, 503, 200], n)
})

test('in turn, each client meets the tape from its start', async (t) => {
  const clients = { once: { to: 'app', load }, again: { to: 'app', load, retry: retrying(6) } }
  const fates = await fatesIn({ clients, in_turn: true })
  assertSameTape(t, fates)
  t.strictSame(fates, await fatesIn({ clients }), 'as side by side')
  const counted = await fatesIn({ clients, in_turn: true, faults: [{ ...FAULT, first: 3 }] })
  for (const [client, of] of Object.entries(counted)) {
    const refused = Object.values(of)
      .flat()
      .filter((status) => status === 503)
    t.equal(refused.length, 3, `${client}: what is counted by order begins anew`)
  }
})
