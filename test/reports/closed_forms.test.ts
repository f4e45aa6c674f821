/** Closed forms and intervals as tables; and one point of the grid on real sockets, counted at the origin. */
import { test } from 'tap'
import {
  type Counted,
  compare,
  loadOf,
  meanInterval,
  momentsOf,
  problemsOf,
  successOf,
  wilson,
  within,
} from '../../src/reports/closed_forms.js'

const Z = { each: 1.96, all: 3.28 }

test('the closed forms are the sums that they stand for', async (t) => {
  for (const p of [0.05, 0.2, 0.5]) {
    for (const n of [0, 1, 2, 3]) {
      const attempts = Array.from({ length: n + 1 }, (_, k) => k)
      t.ok(Math.abs(loadOf(p, n) - attempts.reduce((sum, k) => sum + p ** k, 0)) < 1e-12, `attempt k happens: p^(k-1)`)
      t.ok(Math.abs(successOf(p, n) - attempts.reduce((sum, k) => sum + (1 - p) * p ** k, 0)) < 1e-12)
    }
  }
})

test('intervals: of a share, of all and none, of a mean', async (t) => {
  const half = wilson(50, 100, 1.96)
  t.ok(Math.abs(half.low - 0.4038) < 1e-4 && Math.abs(half.high - 0.5962) < 1e-4, 'as textbooks have it')
  t.ok(wilson(100, 100, 1.96).high > 1 - 1e-12)
  t.ok(wilson(20_000, 20_000, 1.96).low > 0.9998, 'all of many is not certainty')
  t.same(momentsOf([2, 0, 2]), { count: 4, mean: 2, variance: 4 / 3 })
  t.same(meanInterval([10], 1.96), { low: 1, high: 1 })
  t.ok(within({ low: 1, high: 1 }, 1 + 1e-12), 'rounding is no difference')
})

test('a grid that is right has no problems; one that is wrong, or too small, says so', async (t) => {
  const good: Counted = { p: 0.5, n: 1, requests: 20_000, succeeded: 15_010, byAttempts: [9_990, 10_010] }
  t.same(problemsOf(compare(good, Z), 0.01), [])
  t.match(problemsOf(compare({ ...good, requests: 400, succeeded: 300, byAttempts: [200, 200] }, Z), 0.01), [
    /2 of .*wider/,
  ])
  t.match(problemsOf(compare({ ...good, succeeded: 14_700 }, Z), 0.01), [/1 closed forms lie outside/])
  t.match(problemsOf(compare({ ...good, byAttempts: [10_400, 9_600] }, Z), 0.01), [/1 closed forms lie outside/])
  const [success] = compare({ ...good, succeeded: 15_130 }, Z)
  t.match(success, { inside: false, agrees: true }, 'one of many intervals may miss')
})
