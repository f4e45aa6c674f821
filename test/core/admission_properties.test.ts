/** What no sequence of requests, outcomes and times can make an admission do. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { circuit_breaker } from '../../src/core/client/admission/circuit_breaker.js'
import type { Ask } from '../../src/core/client/admission/index.js'
import { createWindow } from '../../src/core/client/admission/window.js'
import type { Outcome } from '../../src/core/client/outcome.js'
import { badGateway, Client, ok, tooMany } from './admitting.js'

interface Did {
  at: number
  ask: Ask
  admitted: boolean
  /** Under way besides it, when it was asked for. */
  active: { all: number; extra: number }
}

/** One thing that happens: an attempt is asked for, or one that is under way ends. */
const step = fc.record({
  wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5000 })),
  ends: fc.boolean(),
  which: fc.nat(1000),
  outcome: fc.constantFrom<Outcome>(ok, badGateway, tooMany, { status: 404 }, {}),
  cancelled: fc.constantFrom<true | undefined>(undefined, undefined, undefined, true),
  n: fc.integer({ min: 1, max: 4 }),
  hedge: fc.boolean(),
  draw: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
})
const steps = fc.array(step, { minLength: 1, maxLength: 300 })
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never

const isExtra = ({ n, hedge }: Ask) => n > 1 || hedge

function carryOut(client: Client, all: readonly Step[], each: (did: Did) => void = () => {}): Did[] {
  const active: Ask[] = []
  const done: Did[] = []
  for (const { wait, ends, which, outcome, cancelled, n, hedge, draw } of all) {
    client.now += wait
    if (ends && active.length > 0) {
      client.end(active.splice(which % active.length, 1)[0]!, outcome, cancelled)
      continue
    }
    client.draw = draw
    const ask = client.ask(n, n > 1 ? outcome : undefined, hedge)
    const under = { all: active.length, extra: active.filter(isExtra).length }
    const admitted = client.begin(ask) !== undefined
    if (admitted) active.push(ask)
    const did = { at: client.now, ask, admitted, active: under }
    done.push(did)
    each(did)
  }
  return done
}

const sum = (of: readonly Did[], what: (did: Did) => boolean) => of.filter((did) => did.admitted && what(did)).length
const extras = (of: readonly Did[]) => sum(of, ({ ask }) => isExtra(ask))
const firsts = (of: readonly Did[]) => sum(of, ({ ask }) => !isExtra(ask))

const budgets = [
  'token_bucket',
  'aws_standard',
  'aws_adaptive',
  'grpc_throttle',
  'finagle_budget',
  'envoy_budget',
  'sre_ratio',
  'retry_breaker',
]

test('a budget of retries never refuses a first attempt, and always gives the same answers', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...budgets), steps, (word, all) => {
      const done = carryOut(new Client(word), all)
      for (const { ask, admitted } of done) assert.ok(admitted || isExtra(ask))
      assert.deepEqual(carryOut(new Client(word), all), done)
    }),
  )
})

test('token_bucket: never more retries than its size and the deposits', async () => {
  const sizes = fc.record({ size: fc.integer({ min: 0, max: 20 }), tenths: fc.integer({ min: 0, max: 10 }) })
  fc.assert(
    fc.property(sizes, fc.boolean(), steps, ({ size, tenths }, on_success, all) => {
      const deposit_on = on_success ? 'success' : 'start'
      const client = new Client({ type: 'token_bucket', size, deposit: tenths / 10, deposit_on, threshold: 0 })
      const done = carryOut(client, all)
      const deposits = on_success ? done.filter(({ admitted }) => admitted).length : firsts(done)
      assert.ok(extras(done) <= size + (deposits * tenths) / 10 + 1e-9)
    }),
  )
})

test('aws_standard: without a success, never more than its tokens pay for', async () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(2025, 2026), fc.integer({ min: 0, max: 100 }), (all, costs, tokens) => {
      const failing = all.map((one) => ({ ...one, outcome: one.outcome.status === 200 ? badGateway : one.outcome }))
      const done = carryOut(new Client({ type: 'aws_standard', costs, tokens }), failing)
      assert.ok(extras(done) * 5 <= tokens)
    }),
  )
})

test('finagle_budget: in any ten seconds, never more retries than the reserve and the share of twenty', async () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 3 }), (all, min) => {
      const done = carryOut(new Client({ type: 'finagle_budget', min: `${min}/s` }), all)
      for (const { at: to } of done) {
        // What is taken is forgotten up to a slice early, and what is put in counts up to the whole ttl.
        const retries = extras(done.filter(({ at }) => at > to - 9000 && at <= to))
        const requests = firsts(done.filter(({ at }) => at > to - 19_000 && at <= to))
        assert.ok(retries <= min * 10 + 0.2 * requests + 1e-9)
      }
    }),
    { numRuns: 50 },
  )
})

test('envoy_budget: retries under way never exceed the minimum or the share', async () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 100 }), (all, least, percent) => {
      const client = new Client({
        type: 'envoy_budget',
        min_retry_concurrency: least,
        percent: `${percent}%`,
      })
      carryOut(client, all, ({ ask, admitted, active }) => {
        if (!isExtra(ask)) return
        assert.equal(admitted, active.extra < Math.max(least, Math.floor((percent / 100) * active.all)))
      })
    }),
  )
})

test('sre_ratio: retries stay below a tenth of what is sent, but for one', async () => {
  fc.assert(
    fc.property(steps, (all) => {
      const client = new Client({ type: 'sre_ratio', window: '500h' })
      const done = carryOut(client, all)
      for (let n = 1; n <= done.length; n++) {
        const sofar = done.slice(0, n)
        assert.ok(extras(sofar) < 0.1 * (firsts(sofar) + extras(sofar)) + 1)
      }
    }),
    { numRuns: 50 },
  )
})

test('sre_throttling: a server that accepts all is never spared an attempt, whatever is drawn', async () => {
  fc.assert(
    fc.property(steps, (all) => {
      const client = new Client('sre_throttling')
      for (const { wait, draw, n } of all) {
        client.now += wait
        client.draw = draw
        const ask = client.begin(client.ask(n))
        assert.ok(ask)
        client.end(ask, ok)
      }
    }),
  )
})

const breakerSettings = fc.record({
  open: fc.integer({ min: 1, max: 20_000 }),
  minimum: fc.integer({ min: 1, max: 5 }),
  window: fc.constantFrom<string | number>('10s', 5, 20),
})

test('circuit_breaker: nothing passes from the end that opened it until its time has come, then one does', async (t) => {
  let openings = 0
  fc.assert(
    fc.property(breakerSettings, steps, ({ open, ...settings }, all) => {
      const config = circuit_breaker.schema.parse({ type: 'circuit_breaker', open: `${open}ms`, ...settings })
      const breaker = circuit_breaker.create(config)
      const active: Ask[] = []
      let now = 0
      let openUntil: number | undefined
      let probe: Ask | undefined
      const askNow = (): Ask => ({ n: 1, hedge: false, now_ms: now, draw: 0 })
      for (const { wait, ends, which, outcome, cancelled } of all) {
        now += wait
        if (ends && active.length > 0) {
          const ask = active.splice(which % active.length, 1)[0]!
          const admitted = breaker.judge(askNow()).admit
          breaker.ended({ ask, now_ms: now, outcome, ok: outcome === ok, cancelled })
          if (ask === probe) {
            probe = undefined
            const failed = outcome !== ok && outcome.status !== 404
            // A cancelled one tells nothing: there is room for another.
            openUntil = cancelled ? now : failed ? now + open : undefined
          } else if (openUntil === undefined && admitted && !breaker.judge(askNow()).admit) {
            openings++
            openUntil = now + open
          }
          continue
        }
        const ask = askNow()
        const { admit } = breaker.judge(ask)
        assert.equal(admit, openUntil === undefined || (probe === undefined && now >= openUntil))
        if (!admit) continue
        if (openUntil !== undefined) probe = ask
        breaker.granted(ask)
        active.push(ask)
      }
    }),
  )
  t.ok(openings > 0)
})

test('circuit_breaker: whatever happened, it always probes again', async () => {
  fc.assert(
    fc.property(breakerSettings, fc.integer({ min: 1, max: 3 }), steps, ({ open, ...settings }, probes, all) => {
      const client = new Client({ type: 'circuit_breaker', open: `${open}ms`, probes, ...settings })
      for (const { ask, admitted } of carryOut(client, all)) if (admitted) client.end(ask, {}, true)
      client.now += open
      assert.ok(client.first(ok))
    }),
  )
})

test('a list admits what each of its kinds would, alone, have admitted of the same', async () => {
  fc.assert(
    fc.property(steps, (all) => {
      // What is refused changes nothing for these, so a kind that saw only what was admitted is the same as one in a list.
      const words = ['token_bucket', 'grpc_throttle', 'envoy_budget', 'circuit_breaker']
      const list = new Client(...words)
      const alone = words.map((word) => new Client(word))
      carryOutBeside(list, alone, all)
    }),
  )
})

function carryOutBeside(list: Client, alone: readonly Client[], all: readonly Step[]): void {
  const active: { ask: Ask; with: Client[] }[] = []
  for (const { wait, ends, which, outcome, cancelled, n, hedge } of all) {
    for (const client of [list, ...alone]) client.now += wait
    if (ends && active.length > 0) {
      const { ask } = active.splice(which % active.length, 1)[0]!
      for (const client of [list, ...alone]) client.end(ask, outcome, cancelled)
      continue
    }
    const ask = list.ask(n, n > 1 ? outcome : undefined, hedge)
    if (!list.begin(ask)) continue
    for (const client of alone) assert.ok(client.begin(ask))
    active.push({ ask, with: [list, ...alone] })
  }
}

test('a window forgets an amount after the span, or up to one slice earlier', async () => {
  const adds = fc.array(fc.record({ wait: fc.nat(500), amount: fc.integer({ min: -9, max: 9 }) }), { maxLength: 200 })
  fc.assert(
    fc.property(adds, fc.integer({ min: 2, max: 20 }), (all, slices) => {
      const window = createWindow(1000, slices)
      const added: { at: number; amount: number }[] = []
      let now = 0
      for (const { wait, amount } of all) {
        now += wait
        window.add(now, amount)
        added.push({ at: now, amount })
        const slice = 1000 / slices
        const kept = added.filter(({ at }) => Math.floor(at / slice) > Math.floor(now / slice) - slices)
        assert.equal(
          window.sum(now),
          kept.reduce((total, one) => total + one.amount, 0),
        )
        for (const { at } of kept) assert.ok(now - at < 1000 + 1e-9)
        for (const one of added) if (!kept.includes(one)) assert.ok(now - one.at > 1000 - slice - 1e-9)
      }
    }),
  )
})
