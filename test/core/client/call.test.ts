/** One request as a state machine: what it makes of every event, step by step. No clock, no waiting. */
import { test } from 'tap'
import type { Admission, Ask, End } from '../../../src/core/client/admission/index.js'
import { type Call, type CallSettings, createCall } from '../../../src/core/client/call.js'
import { hedgeSchema } from '../../../src/core/client/hedge.js'
import { type Outcome, succeeded } from '../../../src/core/client/outcome.js'
import { policies, type RetryPolicy } from '../../../src/core/client/policies/index.js'
import type { Step } from '../../../src/core/client/step.js'
import type { Failure } from '../../../src/core/failure.js'

const none: RetryPolicy = policies.none.schema.parse({ type: 'none' })
/** The n-th wait is 100 ms, 200 ms, … with the draw of one half. */
const backoff = (more: object = {}): RetryPolicy =>
  policies.full_jitter.schema.parse({ type: 'full_jitter', base: '200ms', ...more })
const reset: Failure = { type: 'connection_terminated', stage: 'response_head', manner: 'reset', details: 'reset' }
const ok: Outcome = { status: 200 }
const down: Outcome = { status: 503 }

/** Everything that an admission was told, and its answers. */
function admission(answer: (ask: Ask) => ReturnType<Admission['admit']> = () => ({ admit: true })) {
  const asks: Ask[] = []
  const ends: End[] = []
  const admit = (ask: Ask) => {
    asks.push(ask)
    return answer(ask)
  }
  return { admit, ended: (end: End) => void ends.push(end), asks, ends }
}

function calling(more: Partial<CallSettings> = {}, guard: Admission = admission()): Call {
  const settings = { retry: none, hedge: undefined, method: 'GET', keyed: false, healthFirst: false, fallback: false }
  return createCall({ ...settings, ...more }, { admission: guard, draw: () => 0.5, epochMs: 0 })
}

const hedge = (more: object = {}) => hedgeSchema.parse({ after: '10ms', attempts: 3, ...more })

const send = (attempt: number, more: object = {}) => ({ do: 'send', attempt, ...more })
const wait = (ms: number) => ({ do: 'wait', ms })
const cancel = (attempt: number, why: string) => ({ do: 'cancel', attempt, why })
const said = (attempt: number, decision: string, wait_ms?: number) => ({
  do: 'decided',
  attempt,
  decision,
  ok: decision === 'success',
  ...(wait_ms !== undefined && { wait_ms }),
})
const done = (why: string, attempt?: number, more: object = {}) => ({
  do: 'done',
  ok: why === 'success',
  why,
  ...(attempt !== undefined && { attempt }),
  ...more,
})

test('success is a complete response below 400', async (t) => {
  const outcomes: [Outcome, boolean][] = [
    [{ status: 200 }, true],
    [{ status: 399 }, true],
    [{ status: 400 }, false],
    [{ status: 502 }, false],
    [{ failure: reset }, false],
    [{ status: 200, failure: reset }, false],
    [{ status: 200, gaveUp: true }, false],
    [{}, false],
  ]
  for (const [outcome, wanted] of outcomes) t.equal(succeeded(outcome), wanted, JSON.stringify(outcome))
})

test('without a policy there is one attempt, whatever comes of it', async (t) => {
  for (const outcome of [down, { failure: reset }, { status: 404 }]) {
    const call = calling()
    t.strictSame(call.begin(0), [send(1)])
    t.strictSame(call.ended(1, outcome, 5), [said(1, 'no_retries'), done('no_retries', 1)])
  }
  const call = calling()
  call.begin(0)
  t.strictSame(call.ended(1, ok, 5), [said(1, 'success'), done('success', 1)])
})

test('again after the policy’s wait, until the attempts are used up', async (t) => {
  const call = calling({ retry: backoff({ attempts: 3 }) })
  t.strictSame(call.begin(0), [send(1)])
  t.strictSame(call.ended(1, { failure: reset }, 7), [said(1, 'again: connection_terminated', 100), wait(100)])
  t.strictSame(call.tick(50), [wait(57)], 'too early is no harm')
  t.strictSame(call.tick(107), [send(2)])
  t.strictSame(call.ended(2, down, 110), [said(2, 'again: 503', 200), wait(200)])
  t.strictSame(call.tick(310), [send(3)])
  t.strictSame(call.ended(3, down, 311), [said(3, 'attempts_exhausted'), done('attempts_exhausted', 3)])
})

test('what is not in the scope is not tried again, but for a request that carries a key', async (t) => {
  const after = (method: string, outcome: Outcome, keyed = false) => {
    const call = calling({ retry: backoff(), method, keyed })
    call.begin(0)
    const [decided] = call.ended(1, outcome, 1) as unknown as [{ decision: string }]
    return decided.decision
  }
  t.equal(after('GET', { status: 404 }), 'not_retryable')
  t.equal(after('POST', down), 'not_retryable')
  t.equal(after('POST', down, true), 'again: 503')
  t.equal(after('PUT', { status: 200, failure: reset }), 'again: connection_terminated', 'a response that was cut')
})

test('a client that gave up is gone: no other attempt, no fallback, no success', async (t) => {
  const call = calling({ retry: backoff(), fallback: true, hedge: hedge({ cancel: false }) })
  call.begin(0)
  call.tick(10)
  t.strictSame(call.ended(1, { status: 200, gaveUp: true }, 20), [
    said(1, 'gave_up'),
    cancel(2, 'gave_up'),
    done('gave_up', 1),
  ])
})

test('Retry-After: not before, and what is too long', async (t) => {
  const after = (seconds: string, retry_after: object = {}) => {
    const call = calling({ retry: backoff({ retry_after }) })
    call.begin(0)
    return call.ended(1, { status: 503, retryAfter: seconds }, 0)
  }
  t.strictSame(after('2'), [said(1, 'again: 503', 2000), wait(2000)])
  t.strictSame(after('0'), [said(1, 'again: 503', 100), wait(100)], 'the policy’s own wait is longer')
  t.strictSame(after('Thu, 01 Jan 1970 00:00:05 GMT'), [said(1, 'again: 503', 5000), wait(5000)])
  t.strictSame(after('soon'), [said(1, 'again: 503', 100), wait(100)])
  t.strictSame(after('120'), [said(1, 'retry_after'), done('retry_after', 1)])
  t.strictSame(after('120', { beyond: 'wait' }), [said(1, 'again: 503', 120_000), wait(120_000)])
  t.strictSame(after('120', { beyond: 'cut', cap: '3s' }), [said(1, 'again: 503', 3000), wait(3000)])
  t.strictSame(after('120', { honour: false }), [said(1, 'again: 503', 100), wait(100)])
})

test('a deadline: no wait beyond it, and what runs is cancelled at it', async (t) => {
  const call = calling({ retry: backoff({ deadline: '250ms' }) })
  t.strictSame(call.begin(0), [send(1), wait(250)])
  t.strictSame(call.ended(1, down, 20), [said(1, 'again: 503', 100), wait(100)])
  t.strictSame(call.tick(120), [send(2), wait(130)])
  t.strictSame(call.tick(250), [cancel(2, 'deadline'), done('deadline')])
  t.strictSame(call.ended(2, ok, 251), [], 'the late answer is nobody’s')

  const other = calling({ retry: backoff({ deadline: '250ms' }) })
  other.begin(0)
  t.strictSame(other.ended(1, down, 150), [said(1, 'deadline'), done('deadline', 1)], 'a wait that would pass it')
  const late = calling({ retry: backoff({ deadline: '250ms' }) })
  t.strictSame(late.begin(300, 0), [done('deadline')], 'it counts from when the caller asked')
})

test('a refused first attempt is a request without any', async (t) => {
  const guard = admission(() => ({ admit: false, why: 'circuit_breaker' }))
  t.strictSame(calling({ retry: backoff() }, guard).begin(0), [
    done('refused', undefined, { refused: 'circuit_breaker' }),
  ])
  t.strictSame(guard.ends, [])
})

test('an admission is asked for every attempt and hears how each ended', async (t) => {
  const guard = admission(({ n }) => (n < 3 ? { admit: true } : { admit: false, why: 'token_bucket' }))
  const call = calling({ retry: backoff({ attempts: 5 }) }, guard)
  call.begin(0)
  call.ended(1, down, 1)
  call.tick(101)
  call.ended(2, { failure: reset }, 102)
  t.strictSame(call.tick(302), [done('refused', 2, { refused: 'token_bucket' })])
  t.match(guard.asks, [
    { n: 1, hedge: false, after: undefined },
    { n: 2, after: down },
    { n: 3, after: { failure: reset } },
  ])
  t.match(guard.ends, [
    { ask: guard.asks[0], ok: false, outcome: down },
    { ask: guard.asks[1], ok: false },
  ])
})

test('an admission can say later', async (t) => {
  const call = calling(
    {},
    admission(() => ({ admit: true, after_ms: 30 })),
  )
  t.strictSame(call.begin(0), [wait(30)])
  t.strictSame(call.tick(29), [wait(1)])
  t.strictSame(call.tick(30), [send(1)])
})

test('hedges go one after the other, and the first answer ends the rest', async (t) => {
  const guard = admission()
  const call = calling({ hedge: hedge() }, guard)
  t.strictSame(call.begin(0), [send(1), wait(10)])
  t.strictSame(call.tick(10), [send(2, { hedge: true }), wait(10)])
  t.strictSame(call.tick(20), [send(3, { hedge: true })])
  t.strictSame(call.ended(2, ok, 25), [
    said(2, 'success'),
    cancel(1, 'success'),
    cancel(3, 'success'),
    done('success', 2),
  ])
  t.strictSame(call.ended(1, ok, 26), [])
  t.match(guard.asks, [{ hedge: false }, { hedge: true, after: undefined }, { hedge: true }])
  t.match(guard.ends, [
    { ask: guard.asks[1], ok: true },
    { ask: guard.asks[0], cancelled: true },
    { ask: guard.asks[2], cancelled: true },
  ])
})

test('without cancelling the others end by themselves, and change nothing', async (t) => {
  const guard = admission()
  const call = calling({ hedge: hedge({ attempts: 2, cancel: false }) }, guard)
  call.begin(0)
  call.tick(10)
  t.strictSame(call.ended(2, ok, 15), [said(2, 'success'), done('success', 2)])
  t.strictSame(call.ended(1, down, 40), [said(1, 'too_late')])
  t.match(guard.ends, [{ ok: true }, { ask: guard.asks[0], ok: false, outcome: down }])
})

test('a failure that another attempt may mend sends the next hedge at once (gRFC A6)', async (t) => {
  const call = calling({ hedge: hedge() })
  call.begin(0)
  t.strictSame(call.ended(1, down, 3), [said(1, 'hedge: 503', 0), send(2, { hedge: true }), wait(10)])
  t.strictSame(call.tick(13), [send(3, { hedge: true })])
  t.strictSame(call.ended(2, down, 14), [said(2, 'others: 503')])
  t.strictSame(call.ended(3, down, 15), [said(3, 'no_retries'), done('no_retries', 3)])
})

test('one that nothing mends ends them all', async (t) => {
  const call = calling({ hedge: hedge() })
  call.begin(0)
  call.tick(10)
  t.strictSame(call.ended(2, { status: 404 }, 12), [
    said(2, 'not_retryable'),
    cancel(1, 'not_retryable'),
    done('not_retryable', 2),
  ])
})

test('Retry-After holds back the hedges too', async (t) => {
  const call = calling({ hedge: hedge() })
  call.begin(0)
  call.tick(10)
  t.strictSame(call.ended(1, { status: 503, retryAfter: '1' }, 12), [said(1, 'hedge: 503', 1000), wait(1000)])
  t.strictSame(call.ended(2, down, 500), [said(2, 'hedge: 503', 512)], 'nothing goes in between')
  t.strictSame(call.tick(1012), [send(3, { hedge: true })])
})

test('one that was due already is held back too, and with it past the deadline none goes out', async (t) => {
  const call = calling({ hedge: hedge(), retry: backoff({ deadline: '3s' }) })
  call.begin(0)
  call.tick(2500)
  t.strictSame(call.ended(1, { status: 503, retryAfter: '1' }, 2500), [said(1, 'others: 503'), wait(500)])
  t.strictSame(call.tick(2510), [wait(490)], 'where its hedge was due')
})

test('a refused hedge is the last one of its turn', async (t) => {
  const guard = admission(({ hedge }) => (hedge ? { admit: false, why: 'token_bucket' } : { admit: true }))
  const call = calling({ hedge: hedge(), retry: backoff({ attempts: 2 }) }, guard)
  call.begin(0)
  t.strictSame(call.tick(10), [], 'the first one goes on')
  t.strictSame(call.ended(1, down, 12), [said(1, 'again: 503', 100), wait(100)])
  t.strictSame(call.tick(112), [send(2), wait(10)])
  t.strictSame(call.ended(2, down, 113), [said(2, 'attempts_exhausted'), done('attempts_exhausted', 2)])
})

test('with a policy every turn is hedged, and attempts are counted through', async (t) => {
  const call = calling({ hedge: hedge({ attempts: 2 }), retry: backoff({ attempts: 2 }) })
  call.begin(0)
  call.ended(1, down, 1)
  t.strictSame(call.ended(2, down, 2), [said(2, 'again: 503', 100), wait(100)])
  t.strictSame(call.tick(102), [send(3), wait(10)])
  t.strictSame(call.tick(112), [send(4, { hedge: true })])
})

test('health first: a check before each attempt, and one that is not ok is an attempt that was not sent', async (t) => {
  const guard = admission()
  const call = calling({ healthFirst: true, retry: backoff({ attempts: 3 }), method: 'POST' }, guard)
  t.strictSame(call.begin(0), [{ do: 'check', attempt: 1 }])
  t.strictSame(call.checked(1, false, 2), [said(1, 'again: unhealthy', 100), wait(100)], 'of any method')
  t.strictSame(call.tick(102), [{ do: 'check', attempt: 2 }])
  t.strictSame(call.checked(2, true, 103), [send(2)])
  t.strictSame(call.ended(2, ok, 104), [said(2, 'success'), done('success', 2)])
  t.match(guard.ends, [{ ok: false, outcome: { unhealthy: true } }, { ok: true }])

  const lone = calling({ healthFirst: true })
  lone.begin(0)
  t.strictSame(lone.checked(1, false, 1), [said(1, 'no_retries'), done('no_retries')], 'none was sent')
})

test('a fallback: one more attempt elsewhere where it would end with a failure', async (t) => {
  const guard = admission()
  const call = calling({ fallback: true, retry: backoff({ attempts: 2 }) }, guard)
  call.begin(0)
  call.ended(1, down, 1)
  call.tick(101)
  t.strictSame(call.ended(2, down, 102), [said(2, 'fallback: attempts_exhausted'), send(3, { to: 'fallback' })])
  t.strictSame(call.ended(3, ok, 103), [said(3, 'success'), done('success', 3)])
  t.equal(guard.asks.length, 2, 'what guards the one hop has no say in the other')

  const broken = calling(
    { fallback: true },
    admission(() => ({ admit: false, why: 'circuit_breaker' })),
  )
  t.strictSame(broken.begin(0), [send(1, { to: 'fallback' })])
  t.strictSame(broken.ended(1, down, 1), [said(1, 'fallback_failed'), done('fallback_failed', 1)])
})

test('what an admission has delayed waits for a Retry-After that is heard meanwhile', async (t) => {
  const late = admission(({ n }) => ({ admit: true, ...(n === 2 && { after_ms: 50 }) }))
  const call = calling({ retry: backoff(), hedge: hedge({ attempts: 2 }) }, late)
  call.begin(0, 0)
  call.tick(10)
  call.ended(1, { status: 503, retryAfter: '1' }, 20)
  t.strictSame(
    call.tick(60).filter((step) => step.do === 'send'),
    [],
  )
  t.match(call.tick(1020), [send(2, { hedge: true })])
})

test('what the deadline cuts off has failed, for an admission: a server that hangs opens a breaker', async (t) => {
  const guard = admission()
  const call = calling({ retry: backoff({ deadline: '250ms' }) }, guard)
  call.begin(0, 0)
  call.tick(250)
  t.match(guard.ends, [{ outcome: { gaveUp: true }, ok: false, cancelled: undefined }])
})

test('a deadline holds for the fallback too', async (t) => {
  const call = calling({ fallback: true, retry: backoff({ deadline: '50ms' }) })
  call.begin(0)
  t.strictSame(call.ended(1, down, 1), [said(1, 'fallback: deadline'), send(2, { to: 'fallback' })])
  t.strictSame(call.tick(50), [cancel(2, 'deadline'), done('deadline')])
})

test('steps are told in order: what ended first, what is done last', async (t) => {
  const call = calling({ hedge: hedge(), fallback: true })
  call.begin(0)
  call.tick(10)
  const steps: Step[] = call.ended(1, { status: 404 }, 12)
  t.strictSame(steps, [said(1, 'fallback: not_retryable'), cancel(2, 'not_retryable'), send(3, { to: 'fallback' })])
})
