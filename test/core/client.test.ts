/** What a client decides: again or done, after how long, and when an open load sends. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { call } from '../../src/core/client/call.js'
import { type Outcome, succeeded } from '../../src/core/client/outcome.js'
import { nextWait, policies, type RetryPolicy } from '../../src/core/client/policies/index.js'
import type { Failure } from '../../src/core/failure.js'

const fullJitter = (more: object = {}) => policies.full_jitter.schema.parse({ type: 'full_jitter', ...more })
const none: RetryPolicy = policies.none.schema.parse({ type: 'none' })
const three = fullJitter({ attempts: 3, base: '100ms', cap: '150ms' })
const half = () => 0.5
const reset: Failure = { type: 'connection_terminated', stage: 'response_head', manner: 'reset', details: 'reset' }

test('success is a complete response below 400', async (t) => {
  const outcomes: [Outcome, boolean][] = [
    [{ status: 200 }, true],
    [{ status: 399 }, true],
    [{ status: 400 }, false],
    [{ status: 502 }, false],
    [{ failure: reset }, false],
    [{ status: 200, failure: reset }, false],
    [{}, false],
  ]
  for (const [outcome, wanted] of outcomes) t.equal(succeeded(outcome), wanted, JSON.stringify(outcome))
})

test('methods and statuses that are tried again', async (t) => {
  const again = (method: string, outcome: Outcome) => call(three, method, 1, outcome, half).do === 'again'
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
    t.ok(again(method, { failure: reset }), method)
  for (const method of ['POST', 'PATCH', 'CONNECT', 'get']) t.notOk(again(method, { failure: reset }), method)
  for (const status of [429, 502, 503, 504]) t.ok(again('GET', { status }), `${status}`)
  for (const status of [400, 401, 404, 408, 500, 501]) t.notOk(again('GET', { status }), `${status}`)
  t.ok(again('GET', { status: 200, failure: reset }), 'a response that was cut')
})

test('the decision and its reason', async (t) => {
  t.strictSame(call(three, 'GET', 1, { status: 200 }, half), { do: 'done', why: 'success' })
  t.strictSame(call(three, 'GET', 1, { failure: reset }, half), {
    do: 'again',
    after_ms: 50,
    memory: 0,
    reason: 'connection_terminated',
  })
  t.strictSame(call(three, 'GET', 2, { status: 503 }, half), { do: 'again', after_ms: 75, memory: 0, reason: '503' })
  t.strictSame(call(three, 'GET', 3, { status: 503 }, half), { do: 'done', why: 'attempts_exhausted' })
  t.strictSame(call(three, 'GET', 3, { status: 404 }, half), { do: 'done', why: 'not_retryable' })
  t.strictSame(call(none, 'GET', 1, { status: 503 }, half), { do: 'done', why: 'no_retries' })
  t.strictSame(call(fullJitter({ attempts: 1 }), 'GET', 1, { status: 503 }, half), {
    do: 'done',
    why: 'attempts_exhausted',
  })
})

test('a client that gave up is gone: no further attempt, and no success', async (t) => {
  t.strictSame(call(three, 'GET', 1, { gaveUp: true }, half), { do: 'done', why: 'gave_up' })
  t.strictSame(call(three, 'GET', 1, { status: 200, gaveUp: true }, half), { do: 'done', why: 'gave_up' })
})

test('a draw is taken only for a wait', async (t) => {
  const forbidden = () => {
    throw new Error('drawn')
  }
  t.doesNotThrow(() => call(three, 'GET', 1, { status: 200 }, forbidden))
  t.doesNotThrow(() => call(three, 'GET', 3, { status: 503 }, forbidden))
  t.throws(() => call(three, 'GET', 1, { status: 503 }, forbidden))
})

test('a request ends after its attempts at the latest, each wait within its bound', async () => {
  const outcome = fc.constantFrom<Outcome>({ status: 200 }, { status: 404 }, { status: 503 }, { failure: reset })
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), draw, fc.infiniteStream(outcome), (attempts, drawn, outcomes) => {
      const policy = fullJitter({ attempts, base: '10ms', cap: '1s' })
      for (let attempt = 1; ; attempt++) {
        const decision = call(policy, 'GET', attempt, outcomes.next().value!, () => drawn)
        if (decision.do === 'done') return
        assert.ok(attempt < attempts)
        const most = Math.min(1000, 10 * 2 ** (attempt - 1))
        assert.ok(decision.after_ms >= 0 && decision.after_ms < most, `${decision.after_ms} of ${most}`)
      }
    }),
  )
})

test('full jitter spreads over the whole wait and stops at the cap', async (t) => {
  const policy = fullJitter()
  t.match(policy, { type: 'full_jitter', attempts: 3, base: 100, cap: 20_000 })
  const waits = [1, 2, 3, 9, 50].map((attempt) => nextWait(policy, attempt, 0.5, 0).ms)
  t.strictSame(waits, [50, 100, 200, 10_000, 10_000])
  t.equal(nextWait(policy, 4, 0, 0).ms, 0)
})
