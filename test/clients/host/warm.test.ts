/** What is loaded ahead, on a machine that is slow beside a clock that is fast. */
import t from 'tap'
import { warmUp } from '../../../src/clients/host/warm.js'

const SCALE = 500

t.test('it is waited for in real time, however fast the clock', async (t) => {
  const real = globalThis.setTimeout
  t.teardown(() => {
    globalThis.setTimeout = real
  })
  // As time.ts has them.
  const fast = (ring: () => void, ms = 0, ...more: []) => real(ring, ms / SCALE, ...more)
  globalThis.setTimeout = Object.assign(fast, { __promisify__: real.__promisify__ })
  let done = false
  const send = async () => {
    await new Promise((resolve) => real(resolve, 500))
    done = true
    return { status: 200, text: async () => '' }
  }
  await warmUp(send, () => performance.now() * SCALE, SCALE)
  t.ok(done, 'whoever is cut off tries again, and that counts for what comes first')
})
