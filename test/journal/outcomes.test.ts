/** From events to what a cell of the matrix tells: which ending comes first, and whose line is beside it. */
import { test } from 'tap'
import type { JournalEvent, LogEvent } from '../../src/journal/events.js'
import { createOutcomes } from '../../src/journal/outcomes.js'

const attempt = (client: string, request: string, more: object = {}): JournalEvent =>
  ({
    event: 'attempt',
    t: 1,
    client,
    request,
    attempt: 1,
    bytes: 0,
    decision: 'no_retries',
    ms: 1,
    ...more,
  }) as JournalEvent
const log = (
  request: string | undefined,
  line: string,
  level: LogEvent['level'] = 'error',
  hop = 'lb',
): JournalEvent => ({
  event: 'log',
  t: 1,
  hop,
  request,
  level,
  line,
})
const incomplete = { type: 'http_response_incomplete', stage: 'response_body', manner: 'closed', details: '' }

const outcomesOf = (events: JournalEvent[], { clients = ['a', 'b'], logsRequests = false } = {}) => {
  const outcomes = createOutcomes('lb', clients, logsRequests)
  for (const event of events) outcomes.add(event)
  return outcomes
}

const short = (events: JournalEvent[], options?: Parameters<typeof outcomesOf>[1]) =>
  outcomesOf(events, options)
    .all('b')
    .map(({ client, status, count, log }) => [client, status, count, log])

test('how an attempt ended, in three words', async (t) => {
  const endings: [more: object, ...seen: unknown[]][] = [
    [{ status: 200 }, 200, false, null],
    [{ status: 200, truncated: true, failure: incomplete }, 200, true, null],
    [{ failure: { ...incomplete, type: 'http_protocol_error' } }, null, false, 'http_protocol_error'],
    [{ gave_up: true }, null, false, 'gave_up'],
  ]
  for (const [more, status, truncated, client_error] of endings) {
    const [found] = outcomesOf([attempt('a', 'a-1', more)]).all('a')
    t.same(found, { client: 'a', status, truncated, client_error, count: 1, log: null })
  }
})

test('the client that is asked for first, its failures first, what is rare last', async (t) => {
  const events = [
    attempt('a', 'a-1', { status: 503 }),
    attempt('b', 'b-1', { status: 200 }),
    attempt('b', 'b-2', { status: 504 }),
    ...Array.from({ length: 5 }, (_, n) => attempt('b', `b-5${n}`, { status: 502 })),
    attempt('b', 'b-7', { status: 500 }),
    attempt('b', 'b-8', { status: 500 }),
    attempt('c', 'c-1', { status: 400 }),
    attempt('b', 'b-9', { status: 418, cancelled: true }),
  ]
  t.same(
    short(events).map(([client, status, count]) => [client, status, count]),
    [
      ['b', 502, 5],
      ['b', 500, 2],
      ['b', 504, 1],
      ['b', 200, 1],
      ['a', 503, 1],
    ],
  )
  t.equal(outcomesOf(events).failed('b'), 8)
})

test('the line is that of its own requests, and of an error before all else', async (t) => {
  const events = [
    attempt('b', 'b-1', { status: 502 }),
    attempt('b', 'b-2', { status: 502 }),
    attempt('b', 'b-3', { status: 502 }),
    attempt('b', 'b-4', { status: 200 }),
    log('b-1', 'connect() to 127.0.0.1:1 failed'),
    log('b-2', 'no live upstreams'),
    log('b-3', 'connect() to 127.0.0.1:2 failed'),
    log('b-3', 'a response is buffered', 'warn'),
    log('b-3', '"GET /" 502', 'access'),
    log('b-4', 'of what went well after a failure'),
    log('b-1', 'of another hop', 'crit', 'edge'),
  ]
  t.same(short(events), [
    ['b', 502, 3, 'connect() to 127.0.0.1:1 failed'],
    ['b', 200, 1, 'of what went well after a failure'],
  ])
})

test('a log of requests only tells of an attempt what its own line does, and of what went well nothing', async (t) => {
  const events = [
    attempt('b', 'b-1', { status: 503 }),
    attempt('b', 'b-1', { status: 504, attempt: 2 }),
    attempt('b', 'b-2', { status: 200 }),
    log('b-1', '503 SC--', 'access'),
    log('b-1', '504 sH--', 'access'),
    log('b-2', '200 ----', 'access'),
  ]
  t.same(short(events, { logsRequests: true }), [
    ['b', 503, 1, '503 SC--'],
    ['b', 504, 1, '504 sH--'],
    ['b', 200, 1, null],
  ])
  t.same(
    short(events).map(([, , , line]) => line),
    [null, null, null],
  )
})

test('an attempt of which such a log says nothing has not the line of another', async (t) => {
  const events = [
    attempt('b', 'b-1', { failure: incomplete }),
    attempt('b', 'b-1', { status: 200, attempt: 2 }),
    log('b-1', '"GET /" 200 ----', 'access'),
    attempt('b', 'b-2', { failure: incomplete }),
    attempt('b', 'b-2', { status: 503, attempt: 2 }),
    log('b-2', '"GET /" 503 SC--', 'access'),
  ]
  t.same(short(events, { logsRequests: true }), [
    ['b', null, 2, null],
    ['b', 503, 1, '"GET /" 503 SC--'],
    ['b', 200, 1, null],
  ])
})

test('a line of no request counts where it is an error, or comes with each of them', async (t) => {
  const failed = [attempt('b', 'b-1', { status: 400 }), attempt('b', 'b-2', { status: 400 })]
  const info = log(undefined, 'client sent an invalid request', 'info')
  t.same(short([...failed, info]), [['b', 400, 2, null]])
  t.same(short([...failed, info, info]), [['b', 400, 2, 'client sent an invalid request']])
  const named = ['lb-3-1', 'lb-4-1'].map((id) => log(id, 'client sent an invalid request', 'info'))
  t.same(short([...failed, ...named]), [['b', 400, 2, 'client sent an invalid request']])
  t.same(short([...failed, log(undefined, 'it broke')]), [['b', 400, 2, 'it broke']])
  t.same(short([attempt('b', 'b-1', { status: 200 }), log(undefined, 'it broke')]), [['b', 200, 1, null]])
})
