/** When open loads mean to send: the inverse of the cumulative rate, whatever its shape. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { z } from 'zod'
import { arrivals, intendedRequests, type OpenLoad } from '../../src/core/client/arrivals.js'
import { type LoadShape, piecesOf, shapes } from '../../src/core/client/shapes/index.js'
import { chanceFrom } from '../../src/lib/random.js'
import { loadSchema } from '../../src/scenario/loads.js'

const load = (written: z.input<typeof loadSchema>): OpenLoad => loadSchema.parse(written) as OpenLoad
const unused = () => 0.5
const times = (one: OpenLoad, draw = unused) => [...arrivals(one, draw)]
const rounded = (one: OpenLoad) => times(one).map((ms) => Math.round(ms * 10) / 10)

test('each shape, evenly: every time', async (t) => {
  const tables: [string, OpenLoad, number[]][] = [
    ['a rate', load({ rate: '50/s', for: '100ms' }), [0, 20, 40, 60, 80]],
    // From 0 to 100/s the n-th of 50 is due at a second times the root of n/50.
    [
      'a ramp',
      load({ shape: { type: 'ramp', from: '0/s', to: '20/s' }, for: '1s' }),
      [0, 316.2, 447.2, 547.7, 632.5, 707.1, 774.6, 836.7, 894.4, 948.7],
    ],
    [
      'a ramp that falls',
      load({ shape: { type: 'ramp', from: '10/s', to: '0/s' }, for: '1s' }),
      [0, 105.6, 225.4, 367.5, 552.8],
    ],
    [
      'a spike',
      load({ shape: { type: 'spike', rate: '10/s', peak: '100/s', at: '200ms', lasts: '50ms' }, for: '500ms' }),
      [0, 100, 200, 210, 220, 230, 240, 250, 350, 450],
    ],
    [
      'a spike that the end cuts',
      load({ shape: { type: 'spike', rate: '10/s', peak: '100/s', at: '200ms', lasts: '1m' }, for: '240ms' }),
      [0, 100, 200, 210, 220, 230],
    ],
    [
      'steps',
      load({ shape: { type: 'steps', rates: ['10/s', '0/s', '20/s'] }, for: '600ms' }),
      [0, 100, 400, 450, 500, 550],
    ],
    [
      'on and off: what is due when it goes off is due when it is on again',
      load({ shape: { type: 'on_off', rate: '100/s', on: '30ms', off: '70ms' }, for: '230ms' }),
      [0, 10, 20, 100, 110, 120, 200, 210, 220],
    ],
    [
      'on and less',
      load({ shape: { type: 'on_off', rate: '100/s', on: '20ms', off: '100ms', rate_off: '20/s' }, for: '140ms' }),
      [0, 10, 20, 70, 120, 130],
    ],
  ]
  for (const [name, one, expected] of tables) t.same(rounded(one), expected, name)
})

const anyRate = fc.double({ min: 0, max: 400, noNaN: true })
const anyMs = fc.integer({ min: 1, max: 4000 })
const anyShape: fc.Arbitrary<LoadShape> = fc.oneof(
  fc.record({ type: fc.constant('ramp' as const), from: anyRate, to: anyRate }),
  fc.record({ type: fc.constant('spike' as const), rate: anyRate, peak: anyRate, at: anyMs, lasts: anyMs }),
  fc.record({ type: fc.constant('steps' as const), rates: fc.array(anyRate, { minLength: 1, maxLength: 6 }) }),
  fc.record({ type: fc.constant('on_off' as const), rate: anyRate, on: anyMs, off: anyMs, rate_off: anyRate }),
)

/** The integral of the rate up to a time, from the pieces. */
function cumulative(shape: LoadShape, forMs: number, untilMs: number): number {
  let [sum, start] = [0, 0]
  for (const { lasts_ms, from, to } of piecesOf(shape, forMs)) {
    const ms = Math.min(lasts_ms, Math.max(0, untilMs - start))
    const slope = lasts_ms > 0 ? (to - from) / lasts_ms : 0
    sum += (from * ms + (slope * ms * ms) / 2) / 1000
    start += lasts_ms
  }
  return sum
}

test('the pieces of a shape last as long as the load', async () => {
  fc.assert(
    fc.property(anyShape, anyMs, (shape, forMs) => {
      const lasts = [...piecesOf(shape, forMs)].reduce((sum, piece) => sum + piece.lasts_ms, 0)
      assert.ok(Math.abs(lasts - forMs) < 1e-6, `${lasts} of ${forMs}`)
    }),
  )
})

test('evenly: as many as the integral of the rate, ascending, within the load, each where its number is due', async () => {
  fc.assert(
    fc.property(anyShape, anyMs, (shape, forMs) => {
      const one: OpenLoad = { shape, for: forMs, arrivals: 'constant' }
      const all = times(one)
      const total = cumulative(shape, forMs, forMs)
      assert.ok(Math.abs(intendedRequests(one) - total) < 1e-6)
      assert.ok(Math.abs(all.length - total) < 1 + 1e-6, `${all.length} of ${total}`)
      for (const [n, ms] of all.entries()) {
        assert.ok(ms >= (all[n - 1] ?? 0) && ms <= forMs, `${ms}`)
        assert.ok(Math.abs(cumulative(shape, forMs, ms) - n) < 1e-5, `number ${n} at ${ms}`)
      }
    }),
  )
})

test('poisson: ascending, within the load, the same for the same draws', async () => {
  fc.assert(
    fc.property(anyShape, anyMs, fc.integer({ min: 0, max: 1e6 }), (shape, forMs, seed) => {
      const one: OpenLoad = { shape, for: forMs, arrivals: 'poisson' }
      const all = times(one, chanceFrom(seed).stream('load'))
      assert.deepEqual(times(one, chanceFrom(seed).stream('load')), all)
      for (const [n, ms] of all.entries()) assert.ok(ms >= (all[n - 1] ?? 0) && ms <= forMs, `${ms}`)
    }),
  )
})

/** Requests in each window of the load. */
function inWindows(all: readonly number[], forMs: number, windowMs: number): number[] {
  const counts = new Array<number>(Math.round(forMs / windowMs)).fill(0)
  for (const ms of all) counts[Math.min(counts.length - 1, Math.floor(ms / windowMs))]!++
  return counts
}

const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length
const variance = (all: readonly number[]) => mean(all.map((one) => (one - mean(all)) ** 2))

test('poisson: the mean is the rate, and the index of dispersion 1; evenly it is 0', async (t) => {
  const one = load({ rate: '100/s', for: '100s', arrivals: 'poisson' })
  const drawn = inWindows(times(one, chanceFrom(7).stream('load')), 100_000, 100)
  // Of 1000 windows of 10: four standard errors are 0.4 for the mean, and 0.18 for the index.
  t.ok(Math.abs(mean(drawn) - 10) < 0.4, `${mean(drawn)}`)
  t.ok(Math.abs(variance(drawn) / mean(drawn) - 1) < 0.18, `${variance(drawn) / mean(drawn)}`)
  const even = inWindows(times(load({ rate: '100/s', for: '100s' })), 100_000, 100)
  t.ok(variance(even) / mean(even) < 0.01)
})

test('poisson follows its shape: each step has the mean and the dispersion of its rate', async (t) => {
  const one = load({ shape: { type: 'steps', rates: ['20/s', '200/s'] }, for: '200s', arrivals: 'poisson' })
  const all = times(one, chanceFrom(7).stream('load'))
  for (const [from, expected] of [
    [0, 2],
    [100_000, 20],
  ] as const) {
    const part = all.filter((ms) => ms >= from && ms < from + 100_000).map((ms) => ms - from)
    const counts = inWindows(part, 100_000, 100)
    t.ok(Math.abs(mean(counts) - expected) < 4 * Math.sqrt(expected / 1000), `${mean(counts)} for ${expected}`)
    t.ok(Math.abs(variance(counts) / mean(counts) - 1) < 0.18, `${variance(counts) / mean(counts)}`)
  }
})

test('every kind of shape has a summary', async (t) => {
  for (const { summary } of Object.values(shapes)) t.match(summary, /\w/)
})

test('a constant load sends rate x time requests, evenly', async (t) => {
  t.strictSame(times({ rate: 50, for: 100, arrivals: 'constant' }), [0, 20, 40, 60, 80])
  t.strictSame(times({ rate: 50, for: 101, arrivals: 'constant' }), [0, 20, 40, 60, 80, 100])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 5 }), (rate, seconds) => {
      const all = times({ rate: rate, for: seconds * 1000, arrivals: 'constant' })
      assert.equal(all.length, rate * seconds)
      assert.ok(all.every((at, n) => Math.abs(at - (n * 1000) / rate) < 1e-6 && at < seconds * 1000))
    }),
  )
  for (const perMinute of [1, 7, 77, 601]) {
    t.equal(
      times({ rate: perMinute / 60, for: 60_000, arrivals: 'constant' }).length,
      perMinute,
      `${perMinute}/m for a minute`,
    )
  }
})

test('a Poisson load keeps the rate on average and varies as it should', async (t) => {
  const all = times({ rate: 100, for: 100_000, arrivals: 'poisson' }, chanceFrom(3).stream('load'))
  t.ok(all.length > 9_700 && all.length < 10_300, `${all.length}`)
  const gaps = all.map((at, n) => at - (all[n - 1] ?? 0))
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
  t.ok(gaps.every((gap) => gap >= 0) && all.at(-1)! < 100_000)
  t.ok(Math.abs(deviation / mean - 1) < 0.05, `exponential gaps: deviation ${deviation}, mean ${mean}`)
})
