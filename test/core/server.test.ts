/** One server of a proxy: passive health as nginx has it, slow start, membership, and what active checks say. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { createForward } from '../../src/core/proxy/forwards/nginx.js'
import { balancedOf, failedAt, firstOf, requestOf, serverOf, succeededAt, triedBy } from './balanced.js'

test('failures exclude it for fail_timeout, and then exactly one request finds out', async () => {
  const times = fc.record({
    max_fails: fc.integer({ min: 1, max: 4 }),
    timeout: fc.integer({ min: 1, max: 5000 }),
    requests: fc.integer({ min: 2, max: 9 }),
    recovers: fc.boolean(),
  })
  fc.assert(
    fc.property(times, ({ max_fails, timeout, requests, recovers }) => {
      const inputs = [{ max_fails, fail_timeout: `${timeout}ms` }, {}]
      const shared = balancedOf(inputs, { config: { nextUpstream: [] } })
      const [sick] = shared.servers.all
      for (let n = 0; n < max_fails; n++) {
        assert.equal(sick!.available(0), true)
        sick!.passive.chosen(0)
        assert.equal(failedAt(sick!, 0), n === max_fails - 1)
      }
      assert.equal(sick!.available(0), false)
      assert.equal(sick!.available(timeout), false, 'to the end of fail_timeout')
      const now = timeout + 1
      const forwards = Array.from({ length: requests * 2 }, () => createForward(shared, requestOf()))
      const chosen = forwards.map((forward) => firstOf(forward, now))
      assert.equal(chosen.filter((server) => server === 0).length, 1, 'one probe, however many come')
      const probe = forwards[chosen.indexOf(0)]!
      if (recovers) {
        probe.done(now)
        assert.equal(probe.turned, 'recovered')
        assert.equal(sick!.available(now), true)
      } else {
        probe.failed(triedBy('reset'), now)
        assert.equal(probe.turned, 'excluded')
        assert.equal(sick!.available(now + timeout), false, 'the penalty begins anew')
        assert.equal(sick!.available(now + timeout + 1), true)
      }
    }),
  )
})

test('a probe that takes longer than fail_timeout lets another one try', async (t) => {
  const server = serverOf({ max_fails: 1, fail_timeout: '10ms' })
  failedAt(server, 0)
  server.passive.chosen(11)
  t.equal(server.available(21), false)
  t.equal(server.available(22), true)
})

test('max_fails of 0 never excludes', async (t) => {
  const server = serverOf()
  for (let n = 0; n < 100; n++) t.equal(failedAt(server, n), false)
  t.equal(server.available(100), true)
  t.equal(server.effectiveWeight, 1)
})

test('what is forgotten, and when: only a success after fail_timeout, or the first, sets the count back', async (t) => {
  const server = serverOf({ max_fails: 2, fail_timeout: '10ms' })
  server.passive.chosen(0)
  failedAt(server, 0)
  server.passive.chosen(5)
  t.equal(succeededAt(server, 5), false)
  t.equal(server.fails, 1, 'a success within fail_timeout of a failure tells nothing')
  server.passive.chosen(11)
  t.equal(succeededAt(server, 12), false, 'it was never excluded')
  t.equal(server.fails, 0)
})

test('each failure takes its share of the weight, never below 0', async (t) => {
  const weights = (weight: number, max_fails: number, failures: number) => {
    const server = serverOf({ weight, max_fails })
    return Array.from({ length: failures }, () => {
      failedAt(server, 0)
      return server.effectiveWeight
    })
  }
  t.strictSame(weights(5, 1, 2), [0, 0])
  t.strictSame(weights(5, 2, 3), [3, 1, 0])
  t.strictSame(weights(2, 3, 2), [2, 2], 'a share below 1 is none')
})

test('times count in whole ticks: in nginx, seconds of the clock', async (t) => {
  const server = serverOf({ max_fails: 1, fail_timeout: '1s' }, 0, 1000)
  failedAt(server, 10_990)
  t.equal(server.available(11_999), false)
  t.equal(server.available(12_000), true, 'two seconds later as the clock shows them')
})

test('slow start: the weight grows, and ends at all of it', async () => {
  const moments = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 2, maxLength: 20 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.boolean(), moments, (slow, byCheck, moments) => {
      const server = serverOf({ slow_start: `${slow}ms`, ...(!byCheck && { joins: '0ms' }) })
      if (byCheck) {
        server.setChecked('down', 0)
        server.setChecked('up', 0)
      } else server.join(0)
      let before = 0
      for (const now of moments.sort((a, b) => a - b)) {
        const share = server.share(now)
        assert.ok(share > 0 && share <= 1 && share >= before)
        if (now >= slow) assert.equal(share, 1)
        else assert.ok(Math.abs(share - Math.max(0.01, now / slow)) < 1e-9)
        before = share
      }
    }),
  )
})

test('slow start: one that was excluded and is well again grows, too; without it, it has its weight at once', async (t) => {
  const shares = (slow_start: string) => {
    const server = serverOf({ slow_start, max_fails: 1, fail_timeout: '1ms' })
    t.equal(server.share(0), 1, 'from the start it is there')
    failedAt(server, 0)
    server.passive.chosen(2)
    t.equal(succeededAt(server, 2), true)
    return server.share(7)
  }
  t.equal(shares('10ms'), 0.5)
  t.equal(shares('0ms'), 1)
})

test('who starts slowly gets fewer requests, and in the end its share', async (t) => {
  const shared = balancedOf([{}, { slow_start: '100ms', joins: '0ms' }])
  shared.servers.all[1]!.join(0)
  const counts = (now: number) => {
    const counts = [0, 0]
    for (let n = 0; n < 100; n++) {
      const forward = createForward(shared, requestOf())
      counts[firstOf(forward, now)!]!++
      forward.done(now)
    }
    return counts
  }
  const [, early] = counts(25)
  t.ok(early! >= 19 && early! <= 21, `a fifth of the requests at a quarter of its weight: ${early}`)
  t.strictSame(counts(100), [50, 50])
})

test('not in the list, down, draining or failing its checks: not asked', async (t) => {
  const server = serverOf({ joins: '1s' })
  t.equal(server.available(0), false)
  server.join(0)
  t.equal(server.available(0), true)
  for (const checked of ['down', 'draining'] as const) {
    server.setChecked(checked, 0)
    t.equal(server.available(0), false, checked)
  }
  server.setChecked('up', 0)
  t.equal(server.available(0), true)
  server.leave()
  t.equal(server.available(0), false)
  t.equal(serverOf({ down: true }).available(0), false)
})
