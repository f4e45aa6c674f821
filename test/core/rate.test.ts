/** The rate above which a fault takes: how much comes through, whatever the times of the occasions are. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { createRateGauge, rateOverSchema } from '../../src/core/fault/rate.js'
import { createRateLimit, rateLimitSchema } from '../../src/core/proxy/rate_limit.js'

const gauge = (written: unknown) => createRateGauge(rateOverSchema.parse(written))

test('a bare rate allows what comes in a second at once', async (t) => {
  t.strictSame(rateOverSchema.parse('20/s'), { rate: 20, burst: undefined, per: 'all' })
  const over = (written: unknown, count: number) => {
    const { isOver } = gauge(written)
    return Array.from({ length: count }, () => isOver(0, undefined)).filter(Boolean).length
  }
  t.equal(over('20/s', 30), 10)
  t.equal(over('6/m', 3), 2, 'one at least')
  t.equal(over({ rate: '20/s', burst: 3 }, 30), 27)
  t.throws(() => gauge({ rate: '20/s', burst: 0 }))
})

test('in any span of time, no more comes through than burst + rate x time', async () => {
  const gaps = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 20 }), (steps, rate, burst) => {
      const { isOver } = gauge({ rate: `${rate}/s`, burst })
      let now = 0
      const passed: number[] = []
      for (const step of steps) {
        now += step
        if (!isOver(now, undefined)) passed.push(now)
      }
      for (let from = 0; from < passed.length; from++) {
        for (let to = from; to < passed.length; to++) {
          const allowed = burst + ((passed[to]! - passed[from]!) * rate) / 1000
          assert.ok(to - from + 1 <= allowed + 1e-6, `${to - from + 1} within ${allowed}`)
        }
      }
    }),
  )
})

test('who keeps to the rate is never above it, whatever others do', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 50 }), (rate, flood) => {
      const { isOver } = gauge({ rate: `${rate}/s`, burst: 1, per: 'source' })
      for (let n = 0; n < 100; n++) {
        assert.equal(isOver((n * 1000) / rate, 'calm'), false)
        for (let k = 0; k < flood; k++) isOver((n * 1000) / rate, 'flood')
      }
    }),
  )
})

test('sources are forgotten, the quietest first', async (t) => {
  const { isOver } = gauge({ rate: '1/m', burst: 1, per: 'source' })
  t.equal(isOver(0, 'first'), false)
  t.equal(isOver(0, 'first'), true)
  for (let n = 0; n < 10_000; n++) isOver(0, `other ${n}`)
  t.equal(isOver(0, 'other 9999'), true)
  t.equal(isOver(0, 'first'), false, 'it starts anew')
})

test('a proxy lets in one request and the burst at once, then as many as the rate says', async (t) => {
  const limit = createRateLimit(rateLimitSchema.parse({ rate: '10/s', burst: 2 }))
  const at = (nowMs: number, source = 'a') => limit.admit(nowMs, source)?.excess
  t.same([at(0), at(0), at(0)], [undefined, undefined, undefined])
  t.equal(at(0), 3, 'as nginx counts: three above what the rate has let in')
  t.equal(at(50), 2.5)
  t.equal(at(100), undefined, 'a tenth of a second later one more')
  t.equal(at(100), 3)
  t.equal(at(100, 'b'), undefined, 'another address has a limit of its own')
  const shared = createRateLimit(rateLimitSchema.parse({ rate: '10/s', per: 'all', status: 503 }))
  t.equal(shared.admit(0, 'a'), undefined)
  const refused = shared.admit(0, 'b')!
  t.match(refused.failure, { type: 'http_request_denied', stage: 'select', status: 503 })
  t.equal(refused.excess, 1)
})
