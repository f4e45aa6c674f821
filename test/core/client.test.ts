/** How long a client waits. */
import { test } from 'tap'
import { nextWait, policies } from '../../src/core/client/policies/index.js'

const fullJitter = (more: object = {}) => policies.full_jitter.schema.parse({ type: 'full_jitter', ...more })

test('full jitter spreads over the whole wait and stops at the cap', async (t) => {
  const policy = fullJitter()
  t.match(policy, { type: 'full_jitter', attempts: 3, base: 100, cap: 20_000 })
  const waits = [1, 2, 3, 9, 50].map((attempt) => nextWait(policy, attempt, 0.5, 0).ms)
  t.strictSame(waits, [50, 100, 200, 10_000, 10_000])
  t.equal(nextWait(policy, 4, 0, 0).ms, 0)
})
