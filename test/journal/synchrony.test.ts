/** What comes back after one interval: streams whose answer is known, and the definition written down once more, slowly. */
import fc from 'fast-check'
import { test } from 'tap'
import { Bins } from '../../src/journal/bins.js'
import { synchrony } from '../../src/journal/synchrony.js'

/** Uniform draws in (0, 1). */
function draws(state: number): () => number {
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return (state + 0.5) / 2 ** 32
  }
}

/** Arrivals at these times, in windows of 10 ms. */
function binned(times: readonly number[]): Bins {
  const bins = new Bins(10)
  for (const at of times) bins.add(at)
  return bins
}

/** So many waves, each of ten arrivals within `widthMs`. */
const herd = (periodMs: number, waves: number, widthMs = 0, from = 3): number[] =>
  Array.from({ length: waves }, (_, wave) =>
    Array.from({ length: 10 }, (_, n) => from + wave * periodMs + (n / 10) * widthMs),
  ).flat()

/** In few windows a wave has less to do with the silence beside it than in many. */
const exactly = (found: ReturnType<Bins['synchrony']>, periodMs: number): boolean =>
  near(found?.share, 1, 0.006) && near(found?.periodMs, periodMs, 1e-6)

const near = (value: number | null | undefined, wanted: number, by: number): boolean =>
  typeof value === 'number' && Math.abs(value - wanted) <= by

test('a herd that comes back at a constant interval: 1, and the interval', async (t) => {
  t.ok(exactly(binned(herd(100, 6)).synchrony(), 100))
  t.ok(exactly(binned(herd(2000, 3)).synchrony(), 2000), 'three waves are enough')
  t.ok(exactly(binned(herd(30, 40)).synchrony(), 30))
  const uneven = binned(herd(2005, 5)).synchrony()
  t.ok(near(uneven?.share, 1, 0.02), `no whole number of windows: ${uneven?.share}`)
  t.ok(near(uneven?.periodMs, 2005, 5), `and no multiple of it: ${uneven?.periodMs}`)
  const wide = binned(herd(500, 6, 25)).synchrony()
  t.ok(
    near(wide?.share, 1, 0.02) && near(wide?.periodMs, 500, 10),
    `a wave over three windows: ${JSON.stringify(wide)}`,
  )
  const broad = binned(Array.from({ length: 30 }, (_, n) => herd(2000, 5, 0, 10 * n)).flat()).synchrony()
  t.ok(near(broad?.periodMs, 2000, 10), `a wave over thirty windows, each like the next: ${JSON.stringify(broad)}`)
  const elsewhere = binned(herd(500, 6, 0, 60_003)).synchrony()
  t.ok(exactly(elsewhere, 500), 'silence before it is not counted')
})

test('a Poisson stream: near 0, the nearer the longer', async (t) => {
  for (const [seed, arrivals, most] of [
    [1, 2000, 0.25],
    [2, 20_000, 0.08],
    [3, 20_000, 0.08],
  ] as const) {
    const draw = draws(seed)
    let at = 0
    const found = binned(Array.from({ length: arrivals }, () => (at -= 5 * Math.log(draw())))).synchrony()
    t.ok(found!.share >= 0 && found!.share < most, `${arrivals} arrivals: ${found!.share}`)
  }
})

test('half of the variance in step: a half', async (t) => {
  // Waves of 10 in every 20th window have a variance of 4.75; so has a Poisson stream of 4.75 a window.
  const draw = draws(7)
  let at = 0
  const random = Array.from({ length: 19_000 }, () => (at -= (10 / 4.75) * Math.log(draw())))
  const found = binned([...herd(200, 200), ...random]).synchrony()
  t.ok(near(found?.share, 0.5, 0.1), String(found?.share))
  t.ok(near(found!.periodMs! % 200, 0, 2) || near(found!.periodMs! % 200, 200, 2), String(found?.periodMs))
})

test('waves at growing intervals do not come back in step, nor does a load that grows', async (t) => {
  const exponential = [0, 1000, 3000, 7000].flatMap((from) => herd(1, 1, 0, from))
  t.ok(binned(exponential).synchrony()!.share < 0.75, JSON.stringify(binned(exponential).synchrony()))
  const growing = new Float64Array(400).map((_, n) => n)
  t.same(synchrony(growing), { share: 0, lag: null })
})

test('too few, too short, too even, or turning with every window: nobody can tell', async (t) => {
  t.equal(binned([]).synchrony(), undefined)
  t.ok(binned(herd(500, 3)).synchrony(), '30')
  t.equal(binned(herd(500, 3).slice(1)).synchrony(), undefined, '29')
  t.ok(synchrony(new Float64Array(50).map((_, n) => (n % 7 === 0 ? 9 : 0))))
  t.equal(synchrony(new Float64Array(49).map((_, n) => (n % 7 === 0 ? 9 : 0))), undefined)
  t.equal(synchrony(new Float64Array(500).fill(3)), undefined)
  t.equal(synchrony(new Float64Array(500).map((_, n) => n % 2)), undefined)
  t.equal(binned([...herd(500, 6), 3 * 3_600_000]).synchrony(), undefined, 'what is beyond the bins')
})

test('a lag beyond twenty seconds is not looked for', async (t) => {
  const found = binned(herd(25_000, 6)).synchrony()
  t.ok(found!.share < 0.01, JSON.stringify(found))
})

/** The coefficient of Pearson, from its definition. */
function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length
  const [meanA, meanB] = [mean(a), mean(b)]
  const products = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((sum, one, n) => sum + (one - mx) * (y[n]! - my), 0)
  const spread = products(a, meanA, a, meanA) * products(b, meanB, b, meanB)
  return spread < 1e-9 ? 0 : products(a, meanA, b, meanB) / Math.sqrt(spread)
}

test('the highest correlation of a stream with itself later, as its definition has it', async (t) => {
  const counts = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 50, maxLength: 120 })
  fc.assert(
    fc.property(counts, fc.integer({ min: 5, max: 20 }), (noise, period) => {
      const stream = noise.map((count, n) => count + (n % period === 0 ? 8 : 0))
      const found = synchrony(Float64Array.from(stream))
      const at = (lag: number) => pearson(stream.slice(0, stream.length - lag), stream.slice(lag))
      const both = (lag: number) => (at(lag) + at(lag + 1)) / (1 + at(1))
      if (!found || found.lag === null) return !found
      const lag = Math.floor(found.lag + 1e-9)
      const lags = Array.from({ length: Math.floor(stream.length / 2) - lag }, (_, more) => lag + more)
      const fits =
        Math.abs(Math.min(1, both(lag)) - found.share) < 1e-6 ||
        Math.abs(Math.min(1, both(lag - 1)) - found.share) < 1e-6
      return fits && lags.every((one) => 0.9 * both(one) <= found.share + 1e-6)
    }),
  )
  t.pass()
})
