/** Envoy's retry policy: what each word retries, what never is, the back-off, and what the breakers make of it. */
import fc from 'fast-check'
import { test } from 'tap'
import type { ErrorType } from '../../../src/core/error_types.js'
import {
  type Failure,
  type Manner,
  noServer,
  overLimit,
  overRate,
  type Stage,
  waitedTooLong,
} from '../../../src/core/failure.js'
import { CircuitBreakers, circuitBreakersSchema } from '../../../src/core/proxy/envoy/circuit_breakers.js'
import { fateOf, type ResetReason } from '../../../src/core/proxy/envoy/reset_reason.js'
import {
  backOff,
  Retries,
  type RetryCondition,
  retryConditions,
  retryPolicySchema,
  type TryResult,
  wouldRetry,
} from '../../../src/core/proxy/envoy/retry_policy.js'

const answered = (status: number, fields: Record<string, string> = {}): TryResult => ({
  is: 'answered',
  status,
  header: (name) => fields[name],
})
const reset = (reason: ResetReason, requestStarted = true): TryResult => ({ is: 'reset', reason, requestStarted })

test('the defaults are Envoy’s', async (t) => {
  t.strictSame(retryPolicySchema.parse({ retry_on: ['5xx'] }), {
    retry_on: ['5xx'],
    num_retries: 1,
    retriable_status_codes: [],
    retriable_headers: [],
    base_interval: 25,
  })
  t.notOk(retryPolicySchema.safeParse({}).success, 'nothing is retried unless it is said')
  t.notOk(retryPolicySchema.safeParse({ retry_on: ['5xx'], max_interval: '10ms' }).success)
})

test('each word retries what it says, and nothing else', async (t) => {
  const results: Record<string, TryResult> = {
    200: answered(200),
    404: answered(404),
    409: answered(409),
    500: answered(500),
    502: answered(502),
    503: answered(503),
    504: answered(504),
    599: answered(599),
    marked: answered(200, { 'x-again': '1' }),
    ratelimited: answered(503, { 'x-envoy-ratelimited': 'true' }),
    overloaded: answered(503, { 'x-envoy-overloaded': 'true' }),
    termination: reset('connection termination'),
    'not sent': reset('connection termination', false),
    'protocol error': reset('protocol error'),
    'local reset': reset('local reset'),
    unconnected: reset('remote connection failure', false),
    'connect timeout': reset('connection timeout', false),
    refused: reset('remote refused stream reset'),
    overflow: reset('overflow', false),
    late: { is: 'late' },
  }
  const resets = [
    'termination',
    'not sent',
    'protocol error',
    'local reset',
    'unconnected',
    'connect timeout',
    'refused',
  ]
  const unsent = ['not sent', 'unconnected', 'connect timeout']
  const expected: Record<RetryCondition, string[]> = {
    '5xx': ['500', '502', '503', '504', '599', ...resets, 'late'],
    'gateway-error': ['502', '503', '504', ...resets, 'late'],
    reset: [...resets, 'late'],
    'reset-before-request': unsent,
    'connect-failure': ['unconnected', 'connect timeout'],
    'retriable-4xx': ['409'],
    'refused-stream': ['refused'],
    'retriable-status-codes': ['404', '599'],
    'retriable-headers': ['marked'],
    'envoy-ratelimited': ['ratelimited'],
  }
  for (const condition of retryConditions) {
    const policy = retryPolicySchema.parse({
      retry_on: [condition],
      retriable_status_codes: [404, 599],
      retriable_headers: ['X-Again'],
    })
    const retried = Object.keys(results).filter((name) => wouldRetry(policy, results[name]!))
    t.strictSame(retried.sort(), expected[condition].sort(), condition)
  }
})

test('overflow and what is overloaded are never retried, whatever is asked for', async (t) => {
  const policy = retryPolicySchema.parse({ retry_on: [...retryConditions], retriable_status_codes: [503] })
  t.notOk(wouldRetry(policy, reset('overflow', false)))
  t.notOk(wouldRetry(policy, answered(503, { 'x-envoy-overloaded': 'true' })))
})

const retriesOf = (input: object | undefined, breakers: object = {}) => {
  const circuit = new CircuitBreakers(circuitBreakersSchema.parse(breakers))
  return { circuit, retries: new Retries(input && retryPolicySchema.parse({ retry_on: ['5xx'], ...input }), circuit) }
}

test('as often as it may, then it is exhausted', async (t) => {
  const { retries, circuit } = retriesOf({ num_retries: 2 })
  t.strictSame(retries.after(answered(503), 0), { retry: 'yes', afterMs: 0 })
  t.equal(circuit.retries, 1)
  t.strictSame(retries.after(reset('local reset'), 0.5), { retry: 'yes', afterMs: 37 })
  t.equal(circuit.retries, 1, 'one at a time')
  t.strictSame(retries.after(answered(200), 0), { retry: 'no' })
  t.equal(circuit.retries, 0)
  const stubborn = retriesOf({ num_retries: 1 })
  stubborn.retries.after(answered(503), 0)
  t.strictSame(stubborn.retries.after(answered(503), 0), { retry: 'exhausted' })
  t.equal(stubborn.circuit.retries, 0)
  t.strictSame(retriesOf({ num_retries: 0 }).retries.after(answered(503), 0), { retry: 'exhausted' })
  t.strictSame(retriesOf(undefined).retries.after(answered(503), 0), { retry: 'no' }, 'without a policy nothing is')
})

test('with too many under way it is refused, and that was one of its tries', async (t) => {
  const { retries, circuit } = retriesOf({ num_retries: 2 }, { max_retries: 1 })
  circuit.retries = 1
  t.strictSame(retries.after(answered(503), 0), { retry: 'refused' })
  t.equal(circuit.retries, 1)
  retries.release()
  t.equal(circuit.retries, 1, 'it took no place, and gives none back')
  circuit.retries = 0
  t.match(retries.after(answered(503), 0), { retry: 'yes' })
  retries.release()
  retries.release()
  t.equal(circuit.retries, 0)
  t.strictSame(retries.after(answered(503), 0), { retry: 'exhausted' })
})

test('back-off: from nothing to (2^n - 1) times 25 ms, and never more than 250 ms', async (t) => {
  const policy = retryPolicySchema.parse({ retry_on: ['5xx'] })
  const most = [1, 2, 3, 4, 5, 50].map((retry) => backOff(policy, retry, 1 - 1e-9))
  t.strictSame(most, [24, 74, 174, 250, 250, 250])
  t.strictSame(
    [1, 4, 9].map((retry) => backOff(policy, retry, 0)),
    [0, 0, 0],
  )
  t.equal(backOff(policy, 9, 0.5), 187, 'the range stops growing once it is over the most')
  const own = retryPolicySchema.parse({ retry_on: ['5xx'], base_interval: '10ms', max_interval: '70ms' })
  t.strictSame(
    [1, 2, 3, 4, 5].map((retry) => backOff(own, retry, 1 - 1e-9)),
    [9, 29, 69, 70, 70],
  )
})

test('for any policy: a wait is within its bounds, and longer draws are longer waits', async (t) => {
  const interval = fc.record({
    base: fc.integer({ min: 1, max: 10_000 }),
    factor: fc.option(fc.integer({ min: 1, max: 50 })),
  })
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(interval, fc.integer({ min: 1, max: 60 }), draw, draw, ({ base, factor }, retry, one, other) => {
      const max_interval = factor === null ? undefined : base * factor
      const waits = [one, other]
        .sort((a, b) => a - b)
        .map((drawn) => backOff({ base_interval: base, max_interval }, retry, drawn))
      const most = Math.min((2 ** retry - 1) * base, max_interval ?? 10 * base)
      return waits[0]! >= 0 && waits[0]! <= waits[1]! && waits[1]! <= most && Number.isInteger(waits[1])
    }),
    { seed: 8 },
  )
  t.pass()
})

test('for any run of requests: never more retries are under way than the breakers have', async (t) => {
  const policy = retryPolicySchema.parse({ retry_on: ['5xx'], num_retries: 5 })
  const step = fc.record({ who: fc.nat(19), status: fc.constantFrom(200, 503), over: fc.boolean() })
  const budget = fc.option(fc.record({ percent: fc.nat(100), least: fc.nat(5) }), { nil: undefined })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat(6), budget, (history, max_retries, shared) => {
      const retry_budget = shared && {
        budget_percent: `${shared.percent}%`,
        min_retry_concurrency: shared.least,
      }
      const circuit = new CircuitBreakers(circuitBreakersSchema.parse({ max_retries, retry_budget }))
      circuit.requests = 20
      const all = Array.from({ length: 20 }, () => new Retries(policy, circuit))
      for (const { who, status, over } of history) {
        const before = circuit.retries
        const decision = all[who]!.after(answered(status), 0)
        if (decision.retry === 'yes' && circuit.retries > circuit.mostRetries) return false
        if (circuit.retries > before + 1 || circuit.retries < 0) return false
        if (over) all[who]!.release()
      }
      for (const retries of all) retries.release()
      return circuit.retries === 0
    }),
    { seed: 8 },
  )
  t.pass()
})

test('a failure as Envoy’s router sees it', async (t) => {
  const failed = (type: ErrorType, stage: Stage, manner: Manner): Failure => ({ type, stage, manner, details: '' })
  const table: [Failure, string][] = [
    [failed('connection_refused', 'connect', 'refused'), 'remote connection failure'],
    [failed('destination_ip_unroutable', 'connect', 'unroutable'), 'remote connection failure'],
    [failed('connection_terminated', 'connect', 'unroutable'), 'remote connection failure'],
    [failed('connection_timeout', 'connect', 'timeout'), 'connection timeout'],
    [failed('connection_timeout', 'tls', 'timeout'), 'connection timeout'],
    [failed('connection_terminated', 'connect', 'reset'), 'connection termination'],
    [failed('connection_terminated', 'tls', 'reset'), 'remote connection failure'],
    [failed('connection_terminated', 'tls', 'closed'), 'remote connection failure'],
    [failed('tls_certificate_error', 'tls', 'certificate'), 'remote connection failure'],
    [failed('tls_alert_received', 'tls', 'alert'), 'remote connection failure'],
    [failed('tls_protocol_error', 'tls', 'tls'), 'remote connection failure'],
    [failed('tls_alert_received', 'response_head', 'alert'), 'connection termination'],
    [failed('connection_terminated', 'request', 'reset'), 'connection termination'],
    [failed('connection_terminated', 'response_head', 'closed'), 'connection termination'],
    [failed('http_response_incomplete', 'response_head', 'closed'), 'connection termination'],
    [failed('http_response_incomplete', 'response_body', 'closed'), 'connection termination'],
    [failed('http_protocol_error', 'response_head', 'http'), 'protocol error'],
    [failed('http_response_header_section_size', 'response_head', 'http'), 'protocol error'],
    [failed('http_response_transfer_coding', 'response_body', 'http'), 'protocol error'],
    [failed('connection_read_timeout', 'response_head', 'timeout'), 'late: response'],
    [failed('connection_write_timeout', 'request', 'timeout'), 'late: response'],
    [failed('http_response_timeout', 'response_body', 'timeout'), 'late: response'],
    [failed('connection_read_timeout', 'response_body', 'timeout'), 'late: idle'],
    [failed('connection_read_timeout', 'tunnel', 'timeout'), 'late: idle'],
    [failed('dns_error', 'dns', 'unresolved'), 'no host'],
    [failed('dns_timeout', 'dns', 'timeout'), 'no host'],
    [noServer(''), 'no host'],
    [overLimit(''), 'overflow'],
    [waitedTooLong(), 'late: response'],
    [overRate(429), 'limited'],
    [failed('proxy_internal_error', 'connect', 'internal'), 'local reset'],
  ]
  for (const [failure, expected] of table) {
    const fate = fateOf(failure)
    const said = fate.is === 'reset' ? fate.reason : fate.is === 'late' ? `late: ${fate.limit}` : fate.is
    t.equal(said, expected, `${failure.type} ${failure.stage} ${failure.manner}`)
  }
})
