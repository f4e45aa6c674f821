/** Chance as an argument: the same for the same arguments, and otherwise unrelated. */
import fc from 'fast-check'
import { test } from 'tap'
import { type Chance, chanceFrom } from '../../src/lib/random.js'

const seed = fc.nat()
const name = fc.string({ maxLength: 20 })
const who = fc.oneof(name, fc.nat())

test('a draw depends on nothing but its arguments and the seed', async (t) => {
  fc.assert(
    fc.property(seed, name, who, fc.nat(), fc.array(name), (seed, purpose, entity, index, others) => {
      const chance = chanceFrom(seed)
      for (const other of others) {
        chance.at(other, 0, 0)
        chance.stream(other)()
      }
      return chance.at(purpose, entity, index) === chanceFrom(seed).at(purpose, entity, index)
    }),
  )
  t.pass()
})

test('a stream is the same for the same seed and name, whoever else draws', async (t) => {
  fc.assert(
    fc.property(seed, name, (seed, name) => {
      const [alone, other, beside] = [
        chanceFrom(seed).stream(name),
        chanceFrom(seed).stream('other'),
        chanceFrom(seed).stream(name),
      ]
      for (let i = 0; i < 20; i++) {
        other()
        if (alone() !== beside()) return false
      }
      return true
    }),
  )
  t.pass()
})

test('every draw is in [0, 1)', async (t) => {
  const inside = (draw: number): boolean => draw >= 0 && draw < 1
  fc.assert(fc.property(seed, name, who, fc.nat(), (seed, ...args) => inside(chanceFrom(seed).at(...args))))
  fc.assert(fc.property(seed, name, (seed, name) => inside(chanceFrom(seed).stream(name)())))
  t.pass()
})

const N = 10_000

const neighbours: [what: string, one: (n: number) => number, other: (n: number) => number][] = [
  ['one index and the next', draw((c, n) => c.at('retry', 'a', n)), draw((c, n) => c.at('retry', 'a', n + 1))],
  ['one numbered entity and the next', draw((c, n) => c.at('retry', n, 0)), draw((c, n) => c.at('retry', n + 1, 0))],
  [
    'one named entity and the next',
    draw((c, n) => c.at('retry', `r${n}`, 0)),
    draw((c, n) => c.at('retry', `r${n + 1}`, 0)),
  ],
  ['one purpose and another', draw((c, n) => c.at('retry', n, 0)), draw((c, n) => c.at('fault', n, 0))],
  ['purposes that differ in a letter', draw((c, n) => c.at('a', n, 0)), draw((c, n) => c.at('b', n, 0))],
  ['an index and an entity', draw((c, n) => c.at('retry', n, 0)), draw((c, n) => c.at('retry', 0, n))],
  ['one seed and the next', draw((c, n) => c.at('retry', n, 0)), draw((c, n) => c.at('retry', n, 0), 2)],
  ['seeds as the counter', (n) => chanceFrom(n).at('retry', 0, 0), (n) => chanceFrom(n + 1).at('retry', 0, 0)],
  ['one stream and another', streamed('arrivals'), streamed('jitter')],
]

for (const [what, one, other] of neighbours) {
  test(`unrelated: ${what}`, async (t) => {
    const [xs, ys] = [Array.from({ length: N }, (_, n) => one(n)), Array.from({ length: N }, (_, n) => other(n))]
    const related = correlation(xs, ys)
    t.ok(Math.abs(related) < 0.05, `correlation ${related}`)
    for (const draws of [xs, ys]) t.ok(isEven(draws), 'every tenth of [0, 1) gets its share')
  })
}

function draw(take: (chance: Chance, n: number) => number, seed = 1): (n: number) => number {
  const chance = chanceFrom(seed)
  return (n) => take(chance, n)
}

function streamed(name: string): () => number {
  return chanceFrom(1).stream(name)
}

function correlation(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [mx, my] = [mean(xs), mean(ys)]
  const covariance = mean(xs.map((x, n) => (x - mx) * (ys[n]! - my)))
  return covariance / Math.sqrt(mean(xs.map((x) => (x - mx) ** 2)) * mean(ys.map((y) => (y - my) ** 2)))
}

function isEven(draws: readonly number[]): boolean {
  const tenths = new Array<number>(10).fill(0)
  for (const value of draws) tenths[Math.floor(value * 10)]!++
  return tenths.every((count) => Math.abs(count - N / 10) < 0.15 * (N / 10))
}
