/** Our timers: never early, however long the turn of the loop in which they were started had lasted. */
import { test } from 'tap'
import { monotonicMs, startTimer, stopTimer, wait } from '../../src/live/clock.js'

const busy = (ms: number): void => {
  const until = monotonicMs() + ms
  while (monotonicMs() < until);
}

test('a timer never rings before its time', async (t) => {
  for (const ms of [0.3, 1, 2.5, 7, 20]) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    busy(6)
    const start = monotonicMs()
    await new Promise<void>((resolve) => void startTimer(ms, resolve))
    t.ok(monotonicMs() - start >= ms, `${ms} ms`)
  }
})

test('a timer of more milliseconds than Node can count does not ring at once', async (t) => {
  let rang = false
  const timer = startTimer(2 ** 31 + 5, () => {
    rang = true
  })
  await wait(20)
  stopTimer(timer)
  t.notOk(rang)
})

test('a timer that is stopped while it waits for the rest of its time does not ring', async (t) => {
  let rang = false
  busy(300)
  // Node counts from when this turn began, so it rings half way.
  const timer = startTimer(600, () => {
    rang = true
  })
  await wait(350)
  stopTimer(timer)
  await wait(300)
  t.notOk(rang)
})
