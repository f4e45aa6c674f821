/** Whether a load was the one that was asked for: by how late its requests were begun, and how many were not at all. */
import { test } from 'tap'
import { createPunctuality } from '../../src/core/client/punctuality.js'

const load = (forMs: number) => createPunctuality({ rate: 100, for: forMs, arrivals: 'constant' })

test('all in time: the rate that was asked for was reached', async (t) => {
  const punctuality = load(1000)
  for (let n = 0; n < 100; n++) punctuality.begun(0.5, n * 10)
  const asked = { asked: 100, sent: 100, in_time: 100, rate_asked: 100, rate_reached: 100 }
  t.strictSame(punctuality.account(), asked)
})

test('one in a hundred may be late, more may not', async (t) => {
  const delays: [delayMs: number, late: boolean][] = [
    [250, false],
    [250.1, true],
  ]
  for (const [delayMs, late] of delays) {
    const punctuality = load(1000)
    for (let n = 0; n < 198; n++) punctuality.begun(0, 0)
    punctuality.begun(delayMs, 0)
    punctuality.begun(delayMs, 0)
    t.equal(punctuality.account().cannot, undefined, 'two of 200')
    punctuality.begun(delayMs, 0)
    t.equal(punctuality.account().cannot !== undefined, late, `a third after ${delayMs} ms`)
  }
})

test('of a long load they may be late by a hundredth of it', async (t) => {
  const punctuality = load(100_000)
  punctuality.begun(1000, 0)
  t.equal(punctuality.account().cannot, undefined)
  punctuality.begun(1001, 0)
  t.match(
    punctuality.account().cannot,
    /^asked for 0\/s, this machine reached 0\/s: 1 of 2 requests were sent within 1000 ms/,
  )
})

test('what was never begun is late, and the rate is that of what was', async (t) => {
  const punctuality = load(1000)
  for (let n = 0; n < 50; n++) punctuality.begun(n * 20, n * 40)
  t.notOk(punctuality.isLost(-37), 'thirteen of thirteen')
  t.ok(punctuality.isLost(0))
  punctuality.dropped(50)
  t.match(punctuality.account(), {
    asked: 100,
    sent: 50,
    in_time: 13,
    rate_asked: 100,
    cannot: 'asked for 100/s, this machine reached 25/s: 13 of 100 requests were sent within 250 ms of their time',
  })
})
