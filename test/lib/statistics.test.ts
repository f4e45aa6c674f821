/** Differences and their intervals against tables, and against R's t.test of Student's own example. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { chanceFrom, seedOfRun } from '../../src/lib/random.js'
import { meanOf, pairedDifference, tQuantile, varianceOf, welchDifference } from '../../src/lib/statistics.js'

const near = (value: number, expected: number, within: number): boolean => Math.abs(value - expected) <= within

test("Student's t as it is tabled", async (t) => {
  const table: [degrees: number, two_sided_95: number][] = [
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [4, 2.7764],
    [9, 2.2622],
    [19, 2.093],
    [30, 2.0423],
    [120, 1.9799],
  ]
  for (const [degrees, expected] of table) t.ok(near(tQuantile(0.975, degrees), expected, 5e-5), `${degrees} degrees`)
  t.ok(near(tQuantile(0.995, 9), 3.2498, 5e-5))
  t.equal(tQuantile(0.5, 7), 0)
})

/** Extra hours of sleep by two drugs, ten patients (Student, "The probable error of a mean", 1908). */
const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2]
const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

test('the same patients, in pairs: as R has it, 0.7001142 to 2.4598858', async (t) => {
  const { difference, ci95 } = pairedDifference(first, second)
  t.ok(near(difference, 1.58, 1e-12))
  t.ok(near(ci95![0], 0.7001142, 1e-6) && near(ci95![1], 2.4598858, 1e-6), `${ci95}`)
})

test('taken as strangers, by Welch: as R has it, -0.2054832 to 3.3654832 with 17.776 degrees', async (t) => {
  const { difference, ci95 } = welchDifference(first, second)
  t.ok(near(difference, 1.58, 1e-12))
  t.ok(near(ci95![0], -0.2054832, 1e-6) && near(ci95![1], 3.3654832, 1e-6), `${ci95}`)
})

test('one measurement tells no interval, and equal ones no width', async (t) => {
  t.strictSame(pairedDifference([1], [3]), { difference: 2, ci95: null })
  t.strictSame(welchDifference([1], [3, 3]), { difference: 2, ci95: null })
  t.strictSame(pairedDifference([1, 5], [2, 6]), { difference: 1, ci95: [1, 1] })
  t.strictSame(welchDifference([1, 1], [2, 2]), { difference: 1, ci95: [1, 1] })
  t.strictSame([meanOf([1, 2, 6]), varianceOf([1, 2, 6])], [3, 7])
})

test('an interval is around its difference, and turns with it', async () => {
  const values = fc.array(fc.double({ min: -1000, max: 1000, noNaN: true }), { minLength: 2, maxLength: 12 })
  fc.assert(
    fc.property(values, values, (a, b) => {
      const [there, back] = [welchDifference(a, b), welchDifference(b, a)]
      assert.ok(near(there.difference, -back.difference, 1e-9))
      assert.ok(there.ci95![0] <= there.difference && there.difference <= there.ci95![1])
      assert.ok(near(there.ci95![0], -back.ci95![1], 1e-6))
    }),
  )
})

test('so many of a hundred intervals hold the truth', async (t) => {
  const chance = chanceFrom(4)
  const draw = (n: number, index: number) =>
    chance.at('x', n, index) + chance.at('y', n, index) + chance.at('z', n, index)
  const runs = 2000
  let held = 0
  for (let n = 0; n < runs; n++) {
    const [a, b] = [0, 10].map((from) => Array.from({ length: 6 }, (_, i) => draw(n, from + i)))
    const [low, high] = welchDifference(a!, b!).ci95!
    if (low <= 0 && high >= 0) held++
  }
  t.ok(near(held / runs, 0.95, 0.02), `${held / runs}`)
})

test('the n-th run has a seed that follows from the first', async (t) => {
  t.equal(seedOfRun(42, 1), 42)
  const seeds = Array.from({ length: 1000 }, (_, n) => seedOfRun(42, n + 1))
  t.equal(new Set(seeds).size, 1000)
  t.strictSame(seeds.slice(0, 3), [42, seedOfRun(42, 2), seedOfRun(42, 3)])
  t.ok(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0))
  t.not(seedOfRun(43, 2), seedOfRun(42, 2))
})
