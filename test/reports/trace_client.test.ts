/** What a client did, as the trace words it: hedges, fallbacks, refusals, and attempts that were never sent. */
import { test } from 'tap'
import type { AttemptEvent, JournalEvent, RequestEvent } from '../../src/journal/events.js'
import { traceLines } from '../../src/reports/trace.js'

const attempt = (n: number, more: Partial<AttemptEvent>): AttemptEvent => ({
  event: 'attempt',
  t: 100,
  client: 'plain',
  request: 'plain-1',
  attempt: n,
  address: '127.0.0.1:1',
  reused: true,
  tls: false,
  bytes: 3,
  decision: 'success',
  ms: 50,
  ...more,
})

const request = (more: Partial<RequestEvent>): RequestEvent => ({
  event: 'request',
  t: 100,
  client: 'plain',
  request: 'plain-1',
  attempts: 1,
  ok: false,
  ms: 50,
  ...more,
})

/** The lines about the client's doing, without the columns before them. */
const told = (...events: JournalEvent[]): string[] =>
  traceLines(events)
    .filter((line) => !/ (dns|tcp) /.test(line))
    .map((line) => line.replace(/^plain +/, '').replace(/ +/g, ' '))

test('a hedge that won, in the order in which they were sent', async (t) => {
  const lines = told(
    attempt(2, { hedge: true, status: 200 }),
    attempt(1, { cancelled: true, bytes: 0, decision: 'another_answered' }),
    request({ attempts: 2, ok: true }),
  )
  t.strictSame(lines, [
    'request plain-1',
    'attempt 1 sent',
    'received nothing, then closed the connection 50 ms',
    'decision cancelled, another was answered',
    'attempt 2 sent, a hedge',
    'received 200, 3 bytes 50 ms',
    'decision success',
  ])
})

test('decisions in words', async (t) => {
  const decided = (decision: string, more: Partial<AttemptEvent> = {}) =>
    told(attempt(1, { status: 503, decision, ...more }), request({})).at(-1)
  t.equal(decided('again: 503', { wait_ms: 20 }), 'decision again: 503 after 20 ms')
  t.equal(decided('hedge: 503', { wait_ms: 0 }), 'decision hedge: 503 at once')
  t.equal(decided('others: 503'), 'decision left to the others: 503')
  t.equal(decided('too_late'), 'decision too late, the request was over')
  t.equal(decided('fallback: attempts_exhausted'), 'decision fallback: attempts exhausted')
  t.equal(decided('deadline'), 'decision no time left before the deadline')
  t.equal(decided('deadline', { cancelled: true }), 'decision cut, the deadline has come')
})

test('what was not sent, and a fallback', async (t) => {
  const refused = request({ attempts: 0, refused: 'circuit_breaker' })
  t.strictSame(told(refused, { ...refused, request: 'plain-2' }), [
    'request plain-1 (2 requests went this way)',
    'refused no attempt: circuit_breaker',
  ])
  t.equal(
    told(attempt(1, { status: 503 }), request({ refused: 'token_bucket' })).at(-1),
    'refused no other attempt: token_bucket',
  )
  t.strictSame(told(request({ attempts: 0, unhealthy: 2, why: 'attempts_exhausted' })).slice(1), [
    'health not ok: 2 of its attempts not sent',
    'decision attempts exhausted',
  ])
  t.match(told(attempt(3, { fallback: true, status: 200 }), request({})), [
    'request plain-1',
    'attempt 3 sent, to the fallback',
  ])
})
