/** What is loaded ahead, on a machine that is slow beside a clock that is fast. */
import t, { type Test } from 'tap'
import { warmUp } from '../../../src/clients/host/warm.js'

const SCALE = 500
const real = globalThis.setTimeout

/** As time.ts has them. */
function fastTimers(t: Test): void {
  const fast = (ring: () => void, ms = 0, ...more: []) => real(ring, ms / SCALE, ...more)
  globalThis.setTimeout = Object.assign(fast, { __promisify__: real.__promisify__ })
  t.teardown(() => {
    globalThis.setTimeout = real
  })
}

const warmedBy = (send: () => Promise<void>): Promise<void> => {
  const answered = async () => {
    await send()
    return { status: 200, text: async () => '' }
  }
  return warmUp(answered, () => performance.now() * SCALE, SCALE)
}

const realWait = (ms: number) => new Promise<void>((resolve) => void real(resolve, ms))

t.test('it is waited for in real time, however fast the clock', async (t) => {
  fastTimers(t)
  let done = false
  await warmedBy(async () => {
    await realWait(500)
    done = true
  })
  t.ok(done, 'whoever is cut off tries again, and that counts for what comes first')
})

/** So many turns of the loop, each longer than the time that is left for what is behind an answer. */
const BEHIND = 5
const TURN_MS = 5

t.test('what is asked for some turns behind an answer is waited for, on a machine that stands still', async (t) => {
  fastTimers(t)
  let turns = 0
  const turn = (): void => {
    for (const over = performance.now() + TURN_MS; performance.now() < over; );
    if (++turns < BEHIND) setImmediate(turn)
  }
  await warmedBy(async () => {
    // Last of all, so that nothing else is waited for.
    await realWait(200)
    setImmediate(turn)
  })
  t.equal(turns, BEHIND)
})
