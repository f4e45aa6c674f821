/** Checks with somebody else's proxy in the path: what can't be known is skipped with the reason, never passed or failed. */
import { test } from 'tap'
import { checkSchema, evaluate } from '../../src/checks/index.js'
import type { Stranger } from '../../src/checks/kind.js'
import { judge } from '../../src/checks/verdict.js'
import type { Failure } from '../../src/core/failure.js'
import type { JournalEvent } from '../../src/journal/events.js'
import { createReduction } from '../../src/journal/reduce.js'

const blind: Stranger = {
  name: 'url',
  hop: 'lb',
  tells: { proxy_status: false, details: false, requests: false, log: false },
  clients: ['plain'],
  untold: ['gone'],
}
const telling: Stranger = { ...blind, tells: { ...blind.tells, requests: true, log: true }, untold: [] }

const failed = (failure: Failure): JournalEvent => ({
  event: 'forward',
  t: 1,
  hop: 'lb',
  request: 'r',
  method: 'GET',
  path: '/',
  tries: [],
  status: 502,
  failure,
  ms: 1,
})
const unavailable: Failure = { type: 'destination_unavailable', stage: 'select', manner: 'unavailable', details: 'x' }
const either: Failure = {
  ...unavailable,
  or: [{ type: 'connection_limit_reached', stage: 'select', manner: 'unavailable' }],
}

function verdicts(check: object, stranger: Stranger | undefined, events: JournalEvent[] = [failed(unavailable)]) {
  const reduction = createReduction(['gone'])
  for (const event of events) reduction.add(event)
  return evaluate(checkSchema.parse(check), reduction.facts, stranger).map(({ verdict }) => verdict)
}

test('every kind that a stranger has no answer to', async (t) => {
  const asked: object[] = [
    { client: 'plain', error: 'dns_error', count: 1 },
    { client: 'plain', proxy_status: 'x', count: 1 },
    { client: 'plain', failed_at: 'gateway', count: 1 },
    { proxy: 'lb', error: 'dns_error', count: 1 },
    { proxy: 'lb', status: 502, count: 1 },
    { proxy: 'lb', passed: 502, count: 1 },
    { proxy: 'lb', tries: 1 },
    { proxy: 'lb', cut: 1 },
    { proxy: 'lb', client_left: 1 },
    { log: 'lb', contains: 'x' },
    { fault: 'gone', fired: 1 },
  ]
  for (const check of asked) t.same(verdicts(check, blind), ['skipped'], JSON.stringify(check))
  for (const check of asked) t.not(verdicts(check, undefined)[0], 'skipped', 'of our own proxy all is known')
})

test('a log in other words than the scenario asks for', async (t) => {
  const line: JournalEvent = { event: 'log', t: 1, hop: 'lb', level: 'error', line: 'x' }
  const asked = { log: 'lb', contains: 'x', count: 1 }
  t.same(verdicts(asked, { ...telling, otherWords: true }, [line]), ['skipped'])
  t.same(verdicts(asked, telling, [line]), ['pass'])
  t.same(verdicts({ ...asked, log: 'edge', count: 0 }, { ...telling, otherWords: true }, [line]), ['pass'])
})

test('what is not about it is judged', async (t) => {
  t.not(
    verdicts({ client: 'direct', error: 'dns_error', count: 1 }, blind)[0],
    'skipped',
    'a client that goes elsewhere',
  )
  t.not(verdicts({ proxy: 'edge', status: 502, count: 1 }, blind)[0], 'skipped', 'another proxy')
  t.not(verdicts({ log: 'edge', contains: 'x' }, blind)[0], 'skipped', 'another log')
  t.same(verdicts({ origin: 'app', requests: 0 }, blind), ['pass'], 'an origin')
  t.same(verdicts({ proxy: 'lb', status: 502, count: 1 }, telling), ['pass'], 'what its log tells')
})

test('a part that can’t be known: the rest is judged', async (t) => {
  const check = { proxy: 'lb', error: 'destination_unavailable', stage: 'select', word: 'x', details: 'y', count: 1 }
  t.same(verdicts(check, telling), ['pass', 'skipped'])
  t.same(verdicts({ ...check, count: 2 }, telling), ['fail', 'skipped'])
  t.same(verdicts({ ...check, stage: 'dns' }, telling), ['fail', 'skipped'])
})

test('words that may mean two failures: skipped only where it depends on it', async (t) => {
  const events = [failed(either)]
  const check = (error: string, count: string) => verdicts({ proxy: 'lb', error, count }, telling, events)
  t.same(check('destination_unavailable', '= 1'), ['skipped'])
  t.same(check('connection_limit_reached', '= 1'), ['skipped'])
  t.same(check('destination_unavailable', '<= 1'), ['pass'])
  t.same(check('destination_unavailable', '= 2'), ['fail'])
  t.same(check('connection_refused', '= 0'), ['pass'])
  t.same(
    verdicts({ proxy: 'lb', error: 'destination_unavailable', count: '= 1' }, telling, [
      ...events,
      failed(unavailable),
    ]),
    ['skipped'],
  )
})

test('the verdict rests on what was judged', async (t) => {
  const result = (verdict: 'pass' | 'fail' | 'skipped') => ({ name: 'x', verdict, expected: '', actual: '' })
  const facts = { errors: [], interrupted: false, lag_ms: 0, loads: new Map() }
  t.match(judge([], [result('pass'), result('skipped')], facts), { verdict: 'pass' })
  t.match(judge([], [result('fail'), result('skipped')], facts), { verdict: 'fail', reason: '1 of 1 check failed' })
  t.match(judge([], [result('skipped')], facts), { verdict: 'skipped', reason: 'no check of it can be judged' })
  t.match(judge([], [], facts), { verdict: 'pass' })
})
