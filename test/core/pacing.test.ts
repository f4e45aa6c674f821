/** When requests may begin: the gaps of each pacer, what it learns from, and the bounds that it keeps. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { Outcome } from '../../src/core/client/outcome.js'
import { createPacer, type Pacer, pacers } from '../../src/core/client/pacing/index.js'
import { kindSchema } from '../../src/lib/registry.js'
import { badGateway, ok, tooMany } from './admitting.js'

const schema = kindSchema(pacers, 'pacing')
const pacerOf = (written: unknown): Pacer => createPacer(schema.parse(written))

/** When so many requests begin that all want to begin at `from`. */
function begins(pacer: Pacer, count: number, draw: (n: number) => number = () => 0.5, from = 0): number[] {
  const times: number[] = []
  let now = from
  while (times.length < count) {
    const pace = pacer.ask(now)
    if (pace.go) {
      pacer.began(now, draw(times.length))
      times.push(now)
    } else if (pace.again_ms === undefined) {
      break
    } else {
      assert.ok(pace.again_ms > 0)
      now += pace.again_ms
    }
  }
  return times
}

const heard = (pacer: Pacer, now_ms: number, outcome: Outcome, retry_after_ms?: number) =>
  pacer.heard({ now_ms, outcome, ok: outcome.status === 200, retry_after_ms })

test('constant: equal distances, and nothing saved up while it is quiet', async (t) => {
  const pacer = pacerOf({ type: 'constant', rate: '10/s' })
  t.strictSame(begins(pacer, 5), [0, 100, 200, 300, 400])
  t.strictSame(begins(pacer, 3, undefined, 5000), [5000, 5100, 5200])
})

test('constant: a timer that is late each time does not slow it down', async (t) => {
  const pacer = pacerOf({ type: 'constant', rate: '10/s' })
  const times: number[] = []
  for (let now = 0; now < 10_000; ) {
    const pace = pacer.ask(now)
    if (pace.go) {
      pacer.began(now, 0)
      times.push(now)
    } else now += pace.again_ms! + 7
  }
  t.equal(times.length, 100)
})

test('moderate: the gaps are those that are drawn', async (t) => {
  const pacer = pacerOf({ type: 'moderate', rate: '10/s' })
  const draws = [0, 1, 0.5, 0.25]
  t.strictSame(
    begins(pacer, 5, (n) => draws[n]!),
    [0, 50, 200, 300, 375],
  )
  t.strictSame(
    begins(pacerOf({ type: 'moderate', rate: '10/s', spread: '0%' }), 3, (n) => n),
    [0, 100, 200],
  )
})

test('adaptive: a second of successes adds the increase, a failure takes a half, once a second', async (t) => {
  const pacer = pacerOf({ type: 'adaptive', start: '10/s', increase: '2/s' })
  let now = 0
  const rate = () => {
    // After a long silence, the second comes a whole gap after the first.
    now += 100_000
    const [first, second] = begins(pacer, 2, undefined, now) as [number, number]
    return 1000 / (second - first)
  }
  t.equal(Math.round(rate()), 10)
  for (let n = 0; n < 10; n++) heard(pacer, now, ok)
  const before = rate()
  t.ok(Math.abs(before - 12) < 0.2, `${before}`)
  heard(pacer, now, badGateway)
  heard(pacer, now + 999, badGateway)
  t.equal(rate().toFixed(6), (before / 2).toFixed(6))
  const after = rate()
  pacer.heard({ now_ms: now, outcome: {}, ok: false, cancelled: true })
  t.equal(rate().toFixed(6), after.toFixed(6), 'a cancelled attempt says nothing')
})

test('adaptive: what counts as a signal', async (t) => {
  const slowed = (on: string, outcome: Outcome) => {
    const pacer = pacerOf({ type: 'adaptive', on })
    heard(pacer, 0, outcome)
    return begins(pacer, 2)[1]! > 100.001
  }
  t.ok(slowed('failures', badGateway))
  t.ok(slowed('failures', tooMany))
  t.notOk(slowed('failures', { status: 404 }))
  t.notOk(slowed('throttling', badGateway))
  t.ok(slowed('throttling', tooMany))
  t.ok(slowed('throttling', { status: 503 }))
  t.ok(slowed('throttling', { status: 500, retryAfter: '5' }))
})

test('adaptive: all requests wait for a Retry-After, up to a limit', async (t) => {
  const first = (retry_after: string, ms: number) => {
    const pacer = pacerOf({ type: 'adaptive', retry_after })
    heard(pacer, 0, { status: 503, retryAfter: 'as read' }, ms)
    return begins(pacer, 1)[0]
  }
  t.equal(first('30s', 4000), 4000)
  t.equal(first('30s', 86_400_000), 30_000)
  t.equal(first('0ms', 4000), 0)
  t.equal(first('30s', -5), 0)
})

test('concurrency: so many at once, and another one when one has ended', async (t) => {
  const pacer = pacerOf({ type: 'concurrency', limit: 3 })
  t.equal(begins(pacer, 10).length, 3)
  t.strictSame(pacer.ask(1000), { go: false })
  heard(pacer, 1000, badGateway)
  t.strictSame(pacer.ask(1000), { go: false }, 'an attempt is not the request')
  pacer.ended(1000)
  t.equal(begins(pacer, 10).length, 1)
})

test('concurrency: a limit that adapts grows by one for as many successes, and only while it is used', async (t) => {
  const pacer = pacerOf({ type: 'concurrency', limit: 10, adapt: {} })
  for (let n = 0; n < 100; n++) heard(pacer, 0, ok)
  t.equal(begins(pacer, 20).length, 10)
  for (let n = 0; n < 11; n++) heard(pacer, 0, ok)
  t.equal(begins(pacer, 20).length, 1)
  heard(pacer, 5000, badGateway)
  for (let n = 0; n < 6; n++) {
    t.strictSame(pacer.ask(5000), { go: false })
    pacer.ended(5000)
  }
  t.equal(begins(pacer, 20).length, 0, 'five under way and a limit of five')
})

const moments = fc.array(
  fc.record({
    wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })),
    does: fc.constantFrom('ask', 'ask', 'hear', 'end'),
    outcome: fc.constantFrom<Outcome>(ok, ok, badGateway, tooMany, { status: 404 }),
    draw: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    retryAfter: fc.option(fc.integer({ min: -10, max: 10_000 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 400 },
)

test('a rate is never exceeded by more than the half gap that a timer may be late', async () => {
  const kinds = fc.constantFrom<object>(
    { type: 'constant', rate: '20/s' },
    { type: 'moderate', rate: '10/s', spread: '50%' },
    { type: 'adaptive', start: '10/s', min: '1/s', max: '20/s' },
  )
  fc.assert(
    fc.property(kinds, moments, (kind, all) => {
      const pacer = pacerOf(kind)
      const times: number[] = []
      let now = 0
      for (const { wait, does, outcome, draw, retryAfter } of all) {
        now += wait % 200
        if (does === 'hear') heard(pacer, now, outcome, retryAfter)
        else if (pacer.ask(now).go) {
          pacer.began(now, draw)
          times.push(now)
        }
      }
      // None of them is faster than 20/s at its fastest.
      for (let from = 0; from < times.length; from++) {
        for (let to = from + 1; to < times.length; to++) {
          assert.ok(to - from <= (times[to]! - times[from]!) / 50 + 0.5 + 1e-6)
        }
      }
    }),
  )
})

test('AIMD: the rate stays within its bounds, whatever it hears', async () => {
  fc.assert(
    fc.property(moments, (all) => {
      const pacer = pacerOf({ type: 'adaptive', start: '4/s', min: '2/s', max: '5/s', increase: '3/s', once_in: '0ms' })
      let now = 0
      for (const { wait, outcome } of all) {
        now += wait
        heard(pacer, now, outcome)
        // After a long silence, the second comes a whole gap after the first.
        const [first, second] = begins(pacer, 2, undefined, now + 1e6) as [number, number]
        now = second
        const rate = 1000 / (second - first)
        assert.ok(rate >= 2 - 1e-6 && rate <= 5 + 1e-6, `${rate}`)
      }
    }),
  )
})

test('concurrency: the limit is never exceeded, never below its minimum, and is always free again', async () => {
  const limits = fc.constantFrom<object>(
    { limit: 3 },
    { limit: 4, adapt: { min: 2, max: 6, increase: 3, once_in: '0ms' } },
    { limit: 2, adapt: { min: 2, max: 6, decrease: '100%', once_in: '100ms' } },
  )
  fc.assert(
    fc.property(limits, moments, (settings, all) => {
      const pacer = pacerOf({ type: 'concurrency', ...settings })
      const most = 'adapt' in settings ? 6 : 3
      const least = 'adapt' in settings ? 2 : 3
      let underWay = 0
      let now = 0
      for (const { wait, does, outcome, draw } of all) {
        now += wait
        if (does === 'hear') heard(pacer, now, outcome)
        else if (does === 'end' && underWay > 0) {
          pacer.ended(now)
          underWay--
        } else if (does === 'ask') {
          const { go } = pacer.ask(now)
          if (underWay < least) assert.ok(go)
          if (underWay >= most) assert.ok(!go)
          if (!go) continue
          pacer.began(now, draw)
          underWay++
        }
      }
      while (underWay-- > 0) pacer.ended(now)
      assert.deepEqual(pacer.ask(now), { go: true })
    }),
  )
})
