/** Envoy's panic threshold and its shares of priorities, case by case and for any numbers. */
import fc from 'fast-check'
import { test } from 'tap'
import { type Level, levelFor, panicking, panicThresholdSchema, sharesOf } from '../../../src/core/proxy/envoy/panic.js'

const level = (available: number, hosts: number): Level => ({ available, hosts })

test('one priority: below half of the servers all are used, and with half they are not', async (t) => {
  t.equal(panicThresholdSchema.parse(undefined), 0.5)
  const panics = (available: number, hosts: number, threshold = 0.5) =>
    sharesOf([level(available, hosts)], threshold).panics[0]
  t.equal(panics(10, 10), false)
  t.equal(panics(5, 10), false)
  t.equal(panics(4, 10), true)
  t.equal(panics(1, 3), true)
  t.equal(panics(2, 3), false)
  t.equal(panics(0, 3), true)
  t.equal(panics(0, 3, 0), false, '0 % turns it off, also with nobody left')
  t.equal(panics(3, 10, 0.3), false)
  t.equal(panics(2, 10, 0.3), true)
  t.equal(panics(9, 10, 1), false, 'with enough in all there is no panic, whatever the threshold')
  t.strictSame(sharesOf([level(0, 3)], 0), { loads: [0], panics: [false] }, 'nobody, and no panic')
  t.strictSame(sharesOf([level(1, 4)], 0.5), { loads: [100], panics: [true] })
})

test('priorities: the tables of Envoy’s documentation', async (t) => {
  // docs, "Priority levels": the health of P0 and P1 in percent, and where the traffic goes.
  const two: [p0: number, p1: number, loads: number[]][] = [
    [100, 100, [100, 0]],
    [72, 72, [100, 0]],
    [71, 71, [99, 1]],
    [50, 50, [70, 30]],
    [25, 100, [35, 65]],
    [25, 25, [50, 50]],
    [0, 100, [0, 100]],
  ]
  for (const [p0, p1, loads] of two) {
    t.strictSame(sharesOf([level(p0, 100), level(p1, 100)], 0).loads, loads, `${p0} % and ${p1} %`)
  }
  // docs, "Panic threshold": P0 and P1 in percent, which of them panic, and the loads; where those round, the source
  // gives what is left over to the first.
  const panics: [p0: number, p1: number, panics: boolean[], loads: number[]][] = [
    [72, 72, [false, false], [100, 0]],
    [71, 71, [false, false], [99, 1]],
    [50, 60, [false, false], [70, 30]],
    [25, 100, [false, false], [35, 65]],
    [25, 25, [true, true], [50, 50]],
    [5, 65, [true, false], [8, 92]],
  ]
  for (const [p0, p1, panic, loads] of panics) {
    const shares = sharesOf([level(p0, 100), level(p1, 100)], 0.5)
    t.strictSame(shares.panics, panic, `${p0} % and ${p1} %: panic`)
    t.strictSame(shares.loads, loads, `${p0} % and ${p1} %: loads`)
  }
})

test('three priorities: what those above leave over', async (t) => {
  const three: [p0: number, p1: number, p2: number, loads: number[]][] = [
    [100, 100, 100, [100, 0, 0]],
    [71, 71, 100, [99, 1, 0]],
    [50, 50, 100, [70, 30, 0]],
    [25, 100, 100, [35, 65, 0]],
    [25, 25, 100, [35, 35, 30]],
    [25, 25, 20, [37, 35, 28]],
  ]
  for (const [p0, p1, p2, loads] of three) {
    t.strictSame(sharesOf([level(p0, 100), level(p1, 100), level(p2, 100)], 0).loads, loads, `${p0}, ${p1}, ${p2}`)
  }
})

test('where all panic, the number of servers decides', async (t) => {
  t.strictSame(sharesOf([level(0, 1), level(0, 3)], 0.5), { loads: [25, 75], panics: [true, true] })
  t.strictSame(sharesOf([level(0, 3), level(0, 3), level(0, 3)], 0.5).loads, [34, 33, 33])
  t.strictSame(sharesOf([level(0, 0), level(0, 3)], 0.5).loads, [0, 100])
  t.strictSame(sharesOf([level(0, 0)], 0.5).loads, [100], 'nobody at all')
})

test('a draw picks the priority', async (t) => {
  t.strictSame(
    [0, 0.34, 0.35, 0.999].map((draw) => levelFor([35, 65], draw)),
    [0, 0, 1, 1],
  )
  t.equal(levelFor([0, 100], 0), 1)
  t.equal(levelFor([0], 0.5), 0)
})

const levels = fc.array(
  fc.nat(40).chain((hosts) => fc.nat(hosts).map((available) => level(available, hosts))),
  { minLength: 1, maxLength: 4 },
)
const percent = fc.nat(100).map((whole) => whole / 100)

test('for any numbers: panic is exactly below the threshold, and only while there is not enough in all', async (t) => {
  fc.assert(
    fc.property(levels, fc.nat(100), (all, threshold) => {
      const { panics } = sharesOf(all, threshold / 100)
      const health = all.map(({ hosts, available }) => (hosts === 0 ? 0 : Math.floor((140 * available) / hosts)))
      const enough = health.reduce((sum, each) => sum + Math.min(100, each), 0) >= 100
      for (const [index, { hosts, available }] of all.entries()) {
        const below = hosts === 0 ? threshold > 0 : 100 * available < threshold * hosts
        if (panics[index] !== (below && !enough)) return false
      }
      return true
    }),
    { seed: 8 },
  )
  t.equal(panicking(level(29, 100), 0.29), false, 'shares are decimal fractions')
})

test('for any numbers: loads are whole, and all of a hundred unless nobody may be asked', async (t) => {
  fc.assert(
    fc.property(levels, percent, (all, threshold) => {
      const { loads, panics } = sharesOf(all, threshold)
      const sum = loads.reduce((total, load) => total + load, 0)
      const nobody = all.every(({ available }) => available === 0) && !panics.every((panic) => panic)
      return loads.every((load) => Number.isInteger(load) && load >= 0) && sum === (nobody ? 0 : 100)
    }),
    { seed: 8 },
  )
  fc.assert(
    fc.property(levels, percent, fc.nat(999), (all, threshold, thousandth) => {
      const { loads } = sharesOf(all, threshold)
      const chosen = levelFor(loads, thousandth / 1000)
      return loads.every((load) => load === 0) || loads[chosen]! > 0
    }),
    { seed: 8 },
  )
  t.pass()
})
