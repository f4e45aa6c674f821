/** Retry policies: every delay schedule listed without waiting, and what holds of all of them. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { Outcome } from '../../src/core/client/outcome.js'
import {
  type BackoffPolicy,
  judgement,
  policies,
  type RetryPolicy,
  readsJson,
  schedule,
} from '../../src/core/client/policies/index.js'
import { heedRetryAfter, parseRetryAfter } from '../../src/core/client/retry_after.js'
import { chanceFrom } from '../../src/lib/random.js'

type Word = keyof typeof policies
const parse = (type: Word, keys: object = {}): RetryPolicy => policies[type].schema.parse({ type, ...keys })
const waiting = (type: Word, keys: object = {}): BackoffPolicy => parse(type, keys) as BackoffPolicy
const rounded = (waits: readonly number[]): number[] => waits.map((ms) => Math.round(ms * 1e6) / 1e6)
/** The largest draw there is. */
const MOST = 1 - 2 ** -53
const same = (draw: number, count: number): number[] => Array(count).fill(draw)

/** As the formulas give it with these draws, worked out by hand or printed in the source that is named. */
const golden: [type: Word, keys: object, draws: readonly number[], waits: readonly number[]][] = [
  ['immediate', {}, [0, 0.5, MOST], [0, 0, 0]],
  ['fixed', {}, [0, 0.5, MOST], [1000, 1000, 1000]],
  ['linear', {}, same(0.5, 4), [1000, 2000, 3000, 4000]],
  ['linear', { base: '10s' }, same(0, 5), [10_000, 20_000, 30_000, 30_000, 30_000]],
  ['exponential', {}, same(0.5, 7), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
  ['exponential', { base: '500ms', factor: 1.5 }, same(0, 3), [500, 750, 1125]],
  ['exponential', { base: '0ms' }, [0, 0, 0], [0, 0, 0]],
  ['additive', {}, same(0, 4), [2000, 4000, 8000, 16_000]],
  ['additive', {}, [0.5, 0.25, 0.75, 0], [2500, 4250, 8750, 16_000]],
  ['additive', { cap: '5s' }, same(0.5, 3), [2500, 4500, 5000]],
  ['full_jitter', {}, same(0.5, 5), [50, 100, 200, 400, 800]],
  ['full_jitter', {}, same(0, 3), [0, 0, 0]],
  ['full_jitter', { cap: '250ms' }, [1, 0.5, 1, 0.5].map((draw) => draw * 0.8), [80, 80, 200, 100]],
  ['equal_jitter', {}, same(0, 4), [50, 100, 200, 400]],
  ['equal_jitter', {}, same(0.5, 4), [75, 150, 300, 600]],
  ['equal_jitter', { cap: '300ms' }, [0.5, 0.5, 0.5, 0], [75, 150, 225, 150]],
  // AWS's sleep = min(cap, uniform(base, sleep * 3)), sleep = base at first.
  ['decorrelated_jitter', {}, same(0, 3), [100, 100, 100]],
  ['decorrelated_jitter', {}, same(0.5, 3), [200, 350, 575]],
  ['decorrelated_jitter', { cap: '500ms' }, [0.5, 0.5, 0.5, 0], [200, 350, 500, 100]],
  // f(.5) = 2^.5 x tanh(2 sqrt .5) = 1.256367, f(1.5) = 2.786572; f(1) = 1.928055, f(2) = 3.972149; over 1.4, x 1 s.
  ['decorrelated_v2', {}, same(0.5, 2), [897.404936, 1093.003547]],
  ['decorrelated_v2', {}, [0, 0, 0], [0, 1377.182257, 1460.067301]],
  // The windows are 100, 2 x 100, 4 x the drawn 100, 8 x the drawn 200 = the cap and more, and then it is the cap for good.
  ['finagle_exponential', { cap: '1s' }, [0.9, 0.5, 0.5, 0.5, 0, 0], [100, 100, 200, 1000, 1000, 1000]],
  ['finagle_equal', { cap: '1s' }, [0.9, 0.5, 0.5, 0.5, 0.5, 0], [100, 150, 300, 600, 1000, 1000]],
  ['finagle_equal', { cap: '500ms' }, [0, 0, 0, 0.5, 0, 0], [100, 100, 200, 500, 500, 500]],
  ['finagle_decorrelated', { cap: '1s' }, [0.9, 0.5, 0.5, 0.5, 0.5, 0], [100, 200, 400, 700, 850, 850]],
  // gRFC A6: initialBackoff .1s, multiplier 2, maxBackoff 1s, each x U(0.8, 1.2).
  ['grpc', {}, same(0.5, 6), [100, 200, 400, 800, 1000, 1000]],
  ['grpc', {}, same(0, 5), [80, 160, 320, 640, 800]],
  ['grpc', {}, same(1 / 4, 5), [90, 180, 360, 720, 900]],
]

test('every schedule, listed without waiting', async (t) => {
  for (const [type, keys, draws, waits] of golden) {
    const name = `${type} ${JSON.stringify(keys)} with draws of ${draws.join(', ')}`
    t.strictSame(rounded(schedule(waiting(type, keys), draws)), waits, name)
  }
  const waits = Object.keys(policies).filter((type) => 'wait' in policies[type as Word])
  t.strictSame(
    waits.filter((type) => !golden.some(([listed]) => listed === type)),
    [],
    'none is left out',
  )
})

/**
 * The worst total wait that a library's source or documentation gives for a dead server, as a policy of ours: number of
 * waits, lowest and highest total in milliseconds.
 */
const published: [library: string, type: Word, keys: object, waits: number, least: number, most: number][] = [
  ['undici 8.10: 500 x 2^(n-1) up to 30 s, 5 retries', 'exponential', { base: '500ms' }, 5, 15_500, 15_500],
  ['ky 2.0: 300 x 2^(n-1), 2 retries', 'exponential', { base: '300ms' }, 2, 900, 900],
  ['exponential-backoff 3.1: 100 x 2^(n-1), 9', 'exponential', { base: '100ms' }, 9, 51_100, 51_100],
  ['p-retry 7: 1000 x 2^(n-1) without a cap, 10', 'exponential', { cap: '500h' }, 10, 1_023_000, 1_023_000],
  ['fetch-retry 6: 1000, 3', 'fixed', {}, 3, 3000, 3000],
  ['wretch 3: 500 x n, 10', 'linear', { base: '500ms' }, 10, 27_500, 27_500],
  ['superagent 10: at once, 1', 'immediate', {}, 1, 0, 0],
  ['got 15: 1000 x 2^(n-1) + U(0, 100), 2', 'additive', { base: '500ms', jitter: '100ms' }, 2, 3000, 3200],
  [
    'async-retry 1.3: 1000 x 2^n x U(1, 2), 10',
    'grpc',
    { base: '1.5s', spread: '33.33333333%', cap: '1h' },
    10,
    1_023_000,
    2_046_000,
  ],
  [
    'curl --retry 10: from 1 s doubling up to 10 min',
    'exponential',
    { cap: '10m' },
    11,
    1_023_000 + 600_000,
    1_623_000,
  ],
]

test('the total waits that libraries document', async (t) => {
  for (const [library, type, keys, count, least, most] of published) {
    const total = (draw: number) => schedule(waiting(type, keys), same(draw, count)).reduce((sum, ms) => sum + ms, 0)
    t.equal(Math.round(total(0)), least, `${library}: at least`)
    t.equal(Math.round(total(MOST)), most, `${library}: at most`)
  }
})

const draws = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 80 })
const ms = fc.integer({ min: 0, max: 100_000 }).map((number) => `${number}ms`)
const backoffs = Object.keys(policies).filter((type) => 'wait' in policies[type as Word]) as Word[]

test('no wait is negative, none is above the cap, each is a number', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...backoffs), ms, ms, draws, (type, base, cap, drawn) => {
      const known: Record<string, unknown> = policies[type].schema.shape
      const keys = { ...('base' in known ? { base } : {}), ...('cap' in known ? { cap } : {}) }
      const policy = waiting(type, keys)
      const highest = 'cap' in policy ? policy.cap * (type === 'grpc' ? 1.2 : 1) : 1000
      for (const wait of schedule(policy, drawn)) {
        assert.ok(wait >= 0 && wait <= highest * (1 + 1e-12), `${type} ${JSON.stringify(keys)}: ${wait} of ${highest}`)
      }
    }),
  )
})

test('however often it fails, a wait is one that a timer can wait', async () => {
  for (const type of backoffs) {
    for (const cap of ['0ms', '500h']) {
      const policy = waiting(type, 'cap' in policies[type].schema.shape ? { cap } : {})
      const last = schedule(policy, same(0.7, 3000)).at(-1)!
      assert.ok(last >= 0 && last <= 2_147_483_647, `${type}: ${last}`)
    }
  }
})

test('no wait is shorter than the server asked for, unless the policy cuts that short', async () => {
  const seconds = fc.integer({ min: 0, max: 2_000_000_000 })
  const beyond = fc.constantFrom('cut', 'give_up', 'wait')
  fc.assert(
    fc.property(fc.constantFrom(...backoffs), ms, beyond, seconds, draws, (type, cap, beyond, asked, drawn) => {
      const policy = waiting(type, { retry_after: { cap, beyond } })
      const askedMs = parseRetryAfter(String(asked), 0)!
      for (const backoff of schedule(policy, drawn)) {
        const wait = heedRetryAfter(policy.retry_after, backoff, askedMs)
        const within = Math.min(askedMs, policy.retry_after.cap)
        if (wait === 'give_up') assert.ok(beyond === 'give_up' && askedMs > policy.retry_after.cap)
        else assert.ok(wait >= backoff && wait >= (beyond === 'cut' ? within : askedMs), `${type}: ${wait}`)
      }
    }),
  )
})

const bounds = fc.record({ base: fc.integer({ min: 1, max: 1000 }), times: fc.integer({ min: 2, max: 200 }) })

test('decorrelated jitter stays between the base and three times the wait before', async () => {
  fc.assert(
    fc.property(bounds, draws, ({ base, times }, drawn) => {
      const cap = base * times
      let before = base
      for (const wait of schedule(waiting('decorrelated_jitter', { base: `${base}ms`, cap: `${cap}ms` }), drawn)) {
        assert.ok(wait >= base && wait <= Math.min(cap, 3 * before) + 1e-9)
        before = wait
      }
    }),
  )
})

test("Finagle's decorrelated jitter never shrinks, and AWS's does", async (t) => {
  fc.assert(
    fc.property(bounds, draws, ({ base, times }, drawn) => {
      const policy = waiting('finagle_decorrelated', { base: `${base}ms`, cap: `${base * times}ms` })
      const waits = schedule(policy, drawn)
      for (const [index, wait] of waits.entries()) {
        const before = waits[index - 1] ?? base
        assert.ok(wait >= before && wait <= 3 * before + 1e-9)
      }
    }),
  )
  const [, second = 0, third = 0] = schedule(waiting('decorrelated_jitter'), [0.9, 0.9, 0.1])
  t.ok(third < second)
})

test('at the cap Finagle has no jitter left; equal, full and gRPC jitter have', async (t) => {
  const chance = chanceFrom(7)
  const drawn = Array.from({ length: 60 }, (_, index) => chance.at('draw', '', index))
  const late = (type: Word) => new Set(schedule(waiting(type, { base: '100ms', cap: '1s' }), drawn).slice(40))
  for (const type of ['finagle_exponential', 'finagle_equal'] as const) t.strictSame([...late(type)], [1000], type)
  const creeping = [...late('finagle_decorrelated')]
  t.ok(
    creeping.every((wait) => wait > 999.9 && wait <= 1000),
    'finagle_decorrelated: all within 0.1 ms',
  )
  for (const type of ['full_jitter', 'equal_jitter', 'grpc'] as const) t.equal(late(type).size, 20, type)

  fc.assert(
    fc.property(
      fc.constantFrom('finagle_exponential' as const, 'finagle_equal' as const),
      bounds,
      draws,
      (type, b, d) => {
        const cap = b.base * b.times
        const waits = schedule(waiting(type, { base: `${b.base}ms`, cap: `${cap}ms` }), d)
        const reached = waits.indexOf(cap)
        assert.ok(reached < 0 || waits.slice(reached).every((wait) => wait === cap))
      },
    ),
  )
})

test('decorrelated V2 tries again at about 1, 2, 4, 8 and 16 times the base, in the median', async (t) => {
  const chance = chanceFrom(11)
  const policy = waiting('decorrelated_v2', { base: '1s', cap: '10m' })
  const runs = Array.from({ length: 20_001 }, (_, run) =>
    schedule(
      policy,
      Array.from({ length: 5 }, (_, index) => chance.at('draw', `${run}`, index)),
    ),
  )
  const median = (values: number[]): number => values.sort((a, b) => a - b)[10_000]!
  for (const n of [0, 1, 2, 3, 4]) {
    const at = median(runs.map((waits) => waits.slice(0, n + 1).reduce((sum, wait) => sum + wait, 0)))
    t.ok(Math.abs(at / (1000 * 2 ** n) - 1) < 0.15, `retry ${n + 1} at ${at} ms`)
  }
  // Of the waits themselves the first two are about one base: the sum doubles, not each wait.
  const second = median(runs.map((waits) => waits[1]!))
  t.ok(second > 1050 && second < 1250, `second wait ${second} ms`)
})

const reset: Outcome = {
  failure: { type: 'connection_terminated', stage: 'response_head', manner: 'reset', details: 'reset' },
}
const again = (ms: number) => ({ again_after_ms: ms })
const four = [1000, 2000, 4000, 8000].map(again)

const judged: [what: string, outcome: Outcome, requests: unknown[], fetch: unknown[]][] = [
  ['a 502', { status: 502 }, [...four, 'fail'], [...four, 'fail']],
  ['a 503', { status: 503 }, [...four, 'fail'], [...four, 'fail']],
  ['a 404', { status: 404 }, [...four, 'fail'], [...four, 'fail']],
  ['no answer', reset, [...four, 'fail'], [...four, 'fail']],
  ['a 200 that was cut', { status: 200, ...reset }, [...four, 'fail'], [...four, 'fail']],
  ['a 200 that is no JSON', { status: 200, json: false }, [...four, 'fail'], [...four, 'fail']],
  ['a 200', { status: 200, json: true }, same(0, 5).map(() => 'success'), same(0, 5).map(() => 'success')],
  ['a 201', { status: 201, json: true }, [...same(0, 4).map(again), 'success'], same(0, 5).map(() => 'success')],
  ['a 204', { status: 204, json: false }, [...same(0, 4).map(again), 'success'], [...four, 'fail']],
  ['a 300 with JSON', { status: 300, json: true }, [...same(0, 4).map(again), 'success'], [...four, 'fail']],
  ['a 304', { status: 304, json: false }, [...same(0, 4).map(again), 'success'], [...four, 'fail']],
]

test('the two clients of a tutorial, as written there', async (t) => {
  for (const [what, outcome, requests, fetch] of judged) {
    const of = (type: Word) => [1, 2, 3, 4, 5].map((n) => judgement(parse(type), n, outcome))
    t.strictSame(of('tutorial_requests'), requests, `requests: ${what}`)
    t.strictSame(of('tutorial_fetch'), fetch, `fetch: ${what}`)
  }
  const patient = parse('tutorial_fetch', { attempts: 9, second: '1ms' })
  const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => judgement(patient, n, reset))
  t.strictSame(waits, [1, 2, 4, 8, 16, 30, 30, 30].map(again), '30 s are the most')
})

test('only those have judgement of their own, and only they need to know whether it was JSON', async (t) => {
  const own = (Object.keys(policies) as Word[]).filter((type) => judgement(parse(type), 1, reset) !== undefined)
  t.strictSame(own, ['tutorial_requests', 'tutorial_fetch'])
  t.strictSame(
    (Object.keys(policies) as Word[]).filter((type) => readsJson(parse(type))),
    own,
  )
})
