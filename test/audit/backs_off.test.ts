/** What gaps at a server say of waits, on a machine that magnifies its own delays fifty times. */
import t from 'tap'
import { judged } from '../../src/audit/rules/backs-off.js'
import { chanceFrom } from '../../src/lib/random.js'

const gaps = (...ms: number[]) => ({ ms, exact: false })
const judge = (calls: ReturnType<typeof gaps>[]) => judged({ timeScale: 50 }, calls)

t.test('who does not wait is late in some calls, and at once in others', async (t) => {
  // As seen on a machine with three test files at a time.
  const finding = judge([
    gaps(981, 941, 2490, 816, 981, 487),
    gaps(0, 0, 0, 0),
    gaps(2600, 1570, 1270, 980, 1620),
    gaps(0, 0, 0, 0),
    gaps(0, 0, 0),
    gaps(333, 783, 776, 249, 542, 595, 720),
  ])
  t.match(finding, { verdict: 'fail', because: /^It tried again without a wait in 3 of 6 calls/ })
})

t.test('who draws its waits draws few that are next to none', async (t) => {
  const chance = chanceFrom(7).stream('draws')
  for (let n = 0; n < 200; n++) {
    const drawn = Array.from({ length: 24 }, () =>
      gaps(...[1000, 2000, 4000].map((most) => chance() * most + 20 * chance())),
    )
    t.equal(judge(drawn).verdict, 'pass')
  }
})

t.test('one call with more attempts than all others does not tell alone whether waits grow', async (t) => {
  // As seen of a client that never waits, on a machine that took 5 ms and more for each of its attempts.
  const finding = judge([
    gaps(709, 531, 798, 420, 277, 410, 373, 593),
    gaps(1370, 2020, 798, 987, 1190),
    gaps(592, 808, 1200, 621, 995, 606),
    gaps(745, 1560, 601, 523, 600),
    gaps(324, 575, 560, 248, 425, 292, 443, 463, 568),
    gaps(1400, 568, 896, 418, 481, 1270),
  ])
  t.match(finding, { verdict: 'fail', because: /they do not grow$/ })
})
