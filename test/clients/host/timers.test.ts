/** Timers on a clock that this test holds in its hand: in which order they ring, and what is left. */
import t from 'tap'
import { createTimers, type Timers } from '../../../src/clients/host/timers.js'

function stopped() {
  let now = 0
  const booked: number[] = []
  const timers = createTimers({ elapsed: () => now, scale: 50, book: (ms) => booked.push(ms) })
  return {
    timers,
    booked,
    move: (to: number) => {
      now = to
    },
  }
}

/** Resolves when nothing is set any more. */
const empty = (timers: Timers): Promise<void> =>
  new Promise((resolve) => {
    const look = () => (timers.size() === 0 ? resolve() : void setTimeout(look, 1))
    look()
  })

t.test('those that are due within one real millisecond ring in their order', async (t) => {
  const { timers, booked, move } = stopped()
  const order: number[] = []
  const delays = [40, 10, 30, 10.7, 20, 1, 0]
  for (const ms of delays) timers.setTimeout(() => order.push(ms), ms)
  move(41)
  await empty(timers)
  t.same(order, [1, 0, 10, 10.7, 20, 30, 40])
  t.same(booked, delays)
})

t.test('none rings before it is due, however late the real timer', async (t) => {
  const { timers, move } = stopped()
  const order: number[] = []
  for (const ms of [60, 20, 40]) timers.setTimeout(() => order.push(ms), ms)
  move(39)
  while (order.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.same(order, [20])
  move(100)
  await empty(timers)
  t.same(order, [20, 40, 60])
})

t.test('one that is taken back from the middle leaves the others in order', async (t) => {
  const { timers, move } = stopped()
  const order: number[] = []
  const delays = Array.from({ length: 200 }, (_, n) => ((n * 73) % 200) + 1)
  const handles = delays.map((ms) => timers.setTimeout(() => order.push(ms), ms))
  for (const [n, handle] of handles.entries()) if (n % 3 === 0) timers.clear(handle)
  t.equal(timers.size(), 133)
  move(300)
  await empty(timers)
  t.same(
    order,
    delays.filter((_, n) => n % 3 !== 0).sort((a, b) => a - b),
  )
})
