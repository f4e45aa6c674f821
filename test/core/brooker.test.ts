/**
 * Brooker, "Fixing retries with token buckets and circuit breakers" (2022): his model on virtual time, with our
 * admissions in the place of his strategies. Clients do not meet in it, so each is played by itself.
 */
import { test } from 'tap'
import { type Chance, chanceFrom } from '../../src/lib/random.js'
import { badGateway, Client, ok } from './admitting.js'

interface Played {
  /** Share of calls that succeeded. */
  success: number
  /** Attempts per call. */
  load: number
}

interface World {
  p: number
  clients: number
  ratePerClient: number
  retries: number
  admission: readonly unknown[]
  seed: number
}

const TEN_SECONDS = 10_000
const HOP_MS = 10

/** Poisson calls for ten seconds, each attempt two exponential hops and an i.i.d. fate; then it drains. */
function play({ p, clients, ratePerClient, retries, admission, seed }: World): Played {
  const chance = chanceFrom(seed)
  const total = { calls: 0, attempts: 0, successes: 0 }
  for (let client = 0; client < clients; client++) {
    playClient(new Client(...admission), chance, client, { p, ratePerClient, retries }, total)
  }
  return { success: total.successes / total.calls, load: total.attempts / total.calls }
}

function playClient(
  client: Client,
  chance: Chance,
  id: number,
  { p, ratePerClient, retries }: Pick<World, 'p' | 'ratePerClient' | 'retries'>,
  total: { calls: number; attempts: number; successes: number },
): void {
  /** In the order of time, the last one first. */
  const agenda: { at: number; run: () => void }[] = []
  const later = (at: number, run: () => void) => {
    let place = agenda.length
    while (place > 0 && agenda[place - 1]!.at <= at) place--
    agenda.splice(place, 0, { at, run })
  }
  const exponential = (purpose: string, entity: string | number, index: number) =>
    -Math.log(1 - chance.at(purpose, entity, index))
  const attempt = (call: string, n: number) => {
    const ask = client.begin(client.ask(n, n > 1 ? badGateway : undefined))
    if (!ask) return
    total.attempts++
    const hops = HOP_MS * (exponential('there', call, n) + exponential('back', call, n))
    const outcome = chance.at('fate', call, n) < p ? badGateway : ok
    later(client.now + hops, () => {
      client.end(ask, outcome)
      if (outcome === ok) total.successes++
      else if (n <= retries) attempt(call, n + 1)
    })
  }
  for (let at = 0, call = 0; ; call++) {
    at += (1000 / ratePerClient) * exponential('arrival', id, call)
    if (at > TEN_SECONDS) break
    later(at, () => {
      total.calls++
      attempt(`${id}-${call}`, 1)
    })
  }
  for (let next = agenda.pop(); next; next = agenda.pop()) {
    client.now = next.at
    next.run()
  }
}

const hundred = { clients: 100, ratePerClient: 10, seed: 2022 }
const strategies = {
  none: { retries: 0, admission: [] },
  three: { retries: 3, admission: [] },
  adaptive: { retries: Number.POSITIVE_INFINITY, admission: ['token_bucket'] },
  breaker: { retries: 3, admission: ['retry_breaker'] },
}
type Strategy = keyof typeof strategies

/** Success and load as his program gave them in one run of 10,000 calls. */
const published: [number, Record<Strategy, [number, number]>][] = [
  [0.01, { none: [0.9885, 1], three: [1, 1.009], adaptive: [1, 1.01], breaker: [0.9987, 1.01] }],
  [0.05, { none: [0.9529, 1], three: [1, 1.055], adaptive: [0.9997, 1.049], breaker: [0.9904, 1.038] }],
  [0.1, { none: [0.9011, 1], three: [0.9999, 1.115], adaptive: [0.99, 1.101], breaker: [0.9297, 1.033] }],
  [0.2, { none: [0.7932, 1], three: [0.9984, 1.247], adaptive: [0.9062, 1.135], breaker: [0.8021, 1.003] }],
  [0.5, { none: [0.5003, 1], three: [0.9378, 1.887], adaptive: [0.5662, 1.142], breaker: [0.5086, 1] }],
]

test('success and load of his four strategies', async (t) => {
  for (const [p, columns] of published) {
    for (const [name, [success, load]] of Object.entries(columns) as [Strategy, [number, number]][]) {
      const got = play({ ...hundred, ...strategies[name], p })
      const figures = `${name} at ${p}: ${got.success.toFixed(4)} / ${got.load.toFixed(3)}, his ${success} / ${load}`
      // Four standard errors of the difference of two runs.
      const error = 4 * Math.sqrt((2 * Math.max(success * (1 - success), 0.001)) / 10_000)
      t.ok(Math.abs(got.success - success) <= error, figures)
      t.ok(Math.abs(got.load - load) <= 0.03, figures)
      t.comment(figures)
    }
  }
})

test('without admission: success 1 - p^(N+1), load (1 - p^(N+1)) / (1 - p)', async (t) => {
  for (const p of [0.05, 0.2, 0.5]) {
    for (const retries of [0, 1, 2, 3]) {
      const got = play({ ...hundred, p, retries, admission: [] })
      const fails = p ** (retries + 1)
      t.ok(Math.abs(got.success - (1 - fails)) < 0.02, `success ${got.success} of p ${p}, ${retries} retries`)
      t.ok(Math.abs(got.load - (1 - fails) / (1 - p)) < 0.03, `load ${got.load} of p ${p}, ${retries} retries`)
    }
  }
})

test('with more, smaller clients the breaker drifts to no retries, and the bucket to as many as it is asked for', async (t) => {
  const successes = (name: Strategy, p: number) => {
    const all = [10, 100, 1000].map(
      (clients) => play({ ...strategies[name], p, clients, ratePerClient: 1000 / clients, seed: 228 }).success,
    )
    t.comment(`${name} at ${p}: ${all.map((success) => success.toFixed(4)).join(', ')}`)
    return all as [number, number, number]
  }
  const bucket = successes('adaptive', 0.2)
  t.ok(bucket[0] < bucket[1] && bucket[1] < bucket[2], bucket.join(' < '))
  t.ok(bucket[2] > 0.98, 'ten calls each hardly empty a bucket of five')
  // Where the breaker is on the edge: each client judges by its own few calls.
  const breaker = successes('breaker', 0.05)
  t.ok(breaker[0] > breaker[1] && breaker[1] > breaker[2], breaker.join(' > '))
  t.ok(breaker[2] < (1 + 0.95) / 2, 'nearer to no retries than to three')
})
