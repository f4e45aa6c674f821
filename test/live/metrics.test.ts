/** Metrics of real clients on real sockets, counted at a real origin; and a retry that nobody tells of is an error. */
import t from 'tap'
import type { JournalEvent } from '../../src/journal/events.js'
import { createReduction } from '../../src/journal/reduce.js'
import { runScenario } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'
import type { Scenario, ScenarioInput } from '../../src/scenario/schema.js'
import { waysOf } from '../../src/scenario/ways.js'

const REQUESTS = 20
const FAILED = 6

/** Each fault takes the first requests; every attempt is worked on by the one worker first, for 5 ms. */
const input = (): ScenarioInput => ({
  id: 'measured',
  title: 'What retries come to',
  hops: {
    app: {
      kind: 'origin',
      operations: { key: 'Idempotency-Key' },
      capacity: { workers: 1, queue: 10, service_time: '5ms' },
    },
    lb: { kind: 'proxy', to: ['app'] },
  },
  clients: {
    eager: {
      to: 'lb',
      load: { requests: REQUESTS },
      request: { method: 'PUT', body: 'abc', idempotency_key: true },
      retry: { type: 'fixed', delay: '20ms', attempts: 3 },
    },
    hasty: {
      to: 'app',
      request: { path: '/later' },
      retry: { type: 'fixed', delay: '20ms', retry_after: { honour: false } },
    },
    patient: { to: 'app', request: { path: '/later' }, retry: { type: 'fixed', delay: '20ms' } },
  },
  in_turn: true,
  faults: [
    { id: 'lost', on: 'app', at: 'response_head', first: FAILED, match: { path: '/' }, effect: 'close' },
    {
      id: 'later',
      on: 'app',
      at: 'request_head',
      first: 1,
      match: { path: '/later' },
      effect: { type: 'respond', status: 503, headers: { 'Retry-After': '1' } },
    },
  ],
  expect: [
    { client: 'eager', metric: 'duplicates_applied', is: '= 4' },
    { client: 'hasty', metric: 'early_retries', is: '= 1' },
    { client: 'patient', metric: 'early_retries', is: '= 0' },
  ],
})

async function measured(scenario: Scenario) {
  const events: JournalEvent[] = []
  const result = await runScenario(
    { file: 'measured', scenario },
    { openJournal: () => ({ write: (event) => void events.push(event), close: async () => {} }) },
  )
  return { result, events, metrics: result.clients.eager! }
}

t.test('every metric that can be counted is, where it happened', async (t) => {
  const { result, metrics } = await measured(checkScenario(input(), { runnable: true }))
  t.match(result, { verdict: 'pass' })
  // Of the first request three attempts are lost, and so of the second; then nothing goes wrong any more.
  t.match(metrics, {
    requests: REQUESTS,
    succeeded: REQUESTS - 2,
    attempts: REQUESTS + 4,
    amplification: (REQUESTS + 4) / REQUESTS,
    attempts_max: 3,
    failed_with_retry: 2,
    successful_without_retry: REQUESTS - 2,
    success_by_attempt: { 1: (REQUESTS - 2) / REQUESTS, 2: 0, 3: 0 },
    server_requests: REQUESTS + 4,
    server_amplification: (REQUESTS + 4) / REQUESTS,
    server_requests_max: 3,
    duplicates_applied: 4,
    bodies_mismatched: 0,
    retries_after_abort: 0,
  })
  t.ok(metrics.wasted_work_ratio! > 0 && metrics.wasted_work_ratio! < 1)
  t.ok(metrics.backoff_max_ms! >= 40, 'two waits')
  const { hasty } = result.clients
  t.ok(hasty!.early_retry_max_ms! > 0 && hasty!.early_retry_max_ms! <= 980, 'a second less what it waited')
  t.ok(metrics.connections_per_request! > 0)
  t.not(metrics.recovered, 0, 'nobody can tell, or it did where the load took a second more')
})

t.test('a lost word, or one too many, whosever it is: the counts do not agree', async (t) => {
  const scenario = checkScenario(input(), { runnable: true })
  const { events } = await measured(scenario)
  const errorsOf = (told: readonly JournalEvent[]) => {
    const reduction = createReduction([], { ways: waysOf(scenario) })
    for (const event of told) reduction.add(event)
    return reduction.facts.errors
  }
  t.same(errorsOf(events), [])
  for (const kind of ['served', 'forward', 'attempt', 'request'] as const) {
    const index = events.findLastIndex(({ event }) => event === kind)
    const { request } = events[index] as { request: string }
    t.match(errorsOf(events.toSpliced(index, 1)), [new RegExp(`"${request}"`)], `without a ${kind}`)
    t.match(errorsOf([...events, events[index]!]), [new RegExp(`"${request}"`)], `with one more ${kind}`)
  }
})
