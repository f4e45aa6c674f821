/** How many waits tell a herd from chance: a client with a budget for retries shows some twenty. */
import t from 'tap'
import { judgeWaits } from '../../src/audit/rules/spreads-retries.js'
import { chanceFrom } from '../../src/lib/random.js'

/** So many of them as good as together, the others far from those and from each other. */
const waits = (count: number, together: number): number[] =>
  Array.from({ length: count }, (_, n) => (n < together ? 1000 + n / 1000 : 2000 + 200 * n))

t.test('eleven of twenty waits may be close by chance, all of them are not', async (t) => {
  t.equal(judgeWaits(waits(20, 10)).verdict, 'pass')
  const doubtful = judgeWaits(waits(20, 11))
  t.equal(doubtful.verdict, 'inconclusive')
  t.match(doubtful.because, /^55 % of 20 second attempts .*, which may be chance$/)
  t.equal(judgeWaits(waits(20, 20)).verdict, 'fail')
})

t.test('of two hundred, six in ten are a herd', async (t) => {
  t.equal(judgeWaits(waits(200, 120)).verdict, 'fail')
  t.equal(judgeWaits(waits(200, 80)).verdict, 'pass')
})

t.test('of ten, all: and of fewer nobody can tell', async (t) => {
  t.equal(judgeWaits(waits(10, 10)).verdict, 'fail')
  t.equal(judgeWaits(waits(9, 9)).verdict, 'inconclusive')
})

t.test('whoever has equal jitter is never taken for a herd', async (t) => {
  const draw = chanceFrom(1).stream('waits')
  const drawn = Array.from({ length: 20_000 }, () => Array.from({ length: 20 }, () => 250 + 250 * draw()))
  const verdicts = drawn.map((each) => judgeWaits(each).verdict)
  t.notOk(verdicts.includes('fail'))
  t.ok(verdicts.filter((verdict) => verdict === 'inconclusive').length < 100)
})
