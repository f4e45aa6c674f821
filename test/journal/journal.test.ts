/** The reducer as tables of events and facts, its invariants as properties, and the journal as text. */
import fc from 'fast-check'
import { test } from 'tap'
import type { JournalEvent } from '../../src/journal/events.js'
import { parseJournal, serialize } from '../../src/journal/log.js'
import { createReduction, firedCount } from '../../src/journal/reduce.js'
import { type Problem, ScenarioError } from '../../src/lib/errors.js'
import * as make from './events.js'
import { reduce, refusedFailure, resetFailure, times } from './events.js'

test('faults are counted by id; null only where nobody could tell', async (t) => {
  const facts = reduce([make.fault('rst'), make.fault('rst'), make.fault('seen')], ['unseen', 'seen'])
  t.equal(firedCount(facts, 'rst'), 2)
  t.equal(firedCount(facts, 'seen'), 1, 'somebody told')
  t.equal(firedCount(facts, 'unseen'), null)
  t.equal(firedCount(facts, 'other'), 0)
})

test('a client: requests by their end, attempts by what they met', async (t) => {
  const blame = { layer: 'edge', because: 'x' } as const
  const facts = reduce([
    make.attempt({ status: 502, proxy_status: 'lb;error=connection_refused', server: 'edge', blame, bytes: 17 }),
    make.attempt({ attempt: 2, status: 200, bytes: 100 }),
    make.request({ t: 40, attempts: 2, status: 200, ms: 30 }),
    make.attempt({ request: 'r2', failure: resetFailure }),
    make.request({ t: 20, request: 'r2', ok: false, failure: resetFailure, ms: 10 }),
    make.attempt({ request: 'r3', status: 200, truncated: true, bytes: 5 }),
    make.request({ t: 30, request: 'r3', ok: false, status: 200, ms: 20 }),
  ])
  const metricsAsked = {
    requests: 3,
    attempts: 4,
    succeeded: 1,
    success_rate: 1 / 3,
    amplification: 4 / 3,
    statuses: { 200: 2 },
    errors: { connection_refused: 1, connection_terminated: 1 },
    outcomes: { '200': 1, '200 truncated': 1, '502 connection_refused': 1, connection_terminated: 1 },
    truncated: 1,
    gave_up: 0,
    latency_p50_ms: 20.015,
    latency_p90_ms: 30,
    latency_p99_ms: 30,
    latency_max_ms: 30,
  }
  const { metrics, ...rest } = facts.clients.get('plain')!
  t.same(
    Object.fromEntries(Object.keys(metricsAsked).map((name) => [name, metrics[name as keyof typeof metricsAsked]])),
    metricsAsked,
  )
  t.same(rest, {
    bytes: { min: 0, max: 100 },
    proxyStatuses: { lines: new Map([['lb;error=connection_refused', 1]]), others: 0 },
    servers: { lines: new Map([['edge', 1]]), others: 0 },
    layers: new Map([['edge', 1]]),
  })
  t.equal(facts.load_ms, 40)
})

test('a client without requests has no rates, and one with a single request knows its latency exactly', async (t) => {
  const without = reduce([make.attempt()]).clients.get('plain')!.metrics
  t.match(without, { requests: 0, attempts: 1, success_rate: null, amplification: null, latency_p50_ms: null })
  const single = reduce([make.request({ ms: 250 })]).clients.get('plain')!.metrics
  t.match(single, { latency_p50_ms: 250, latency_p99_ms: 250, latency_max_ms: 250 })
})

const proxyStatuses: [header: string, error: string | undefined][] = [
  ['lb; error=connection_refused', 'connection_refused'],
  ['inner; error=dns_error, edge; error=connection_timeout', 'dns_error'],
  ['inner; received-status=200, edge; error=http_response_incomplete', 'http_response_incomplete'],
  ['"quoted name"; error=tls_alert_received; alert-id=70; details="a, b; error=x"', 'tls_alert_received'],
  ['lb; error=of_the_future', 'of_the_future'],
  ['lb', undefined],
  ['lb; error=', undefined],
  ['not ; a list,,', undefined],
  ['', undefined],
]
test('the error of an attempt is its own, or that of the Proxy-Status member nearest to the origin', async (t) => {
  for (const [proxy_status, error] of proxyStatuses) {
    const { metrics } = reduce([make.attempt({ status: 502, proxy_status })]).clients.get('plain')!
    t.same(metrics.errors, error ? { [error]: 1 } : {}, proxy_status)
  }
  const both = reduce([make.attempt({ failure: resetFailure, proxy_status: 'lb; error=dns_error' })])
  t.same(both.clients.get('plain')!.metrics.errors, { connection_terminated: 1 })
})

test('latency keeps three digits from 0.1 ms to an hour', async (t) => {
  for (const ms of [0.1, 0.25, 1.234, 99.9, 1_000, 61_234, 3_599_000, 3_600_000]) {
    const metrics = reduce([make.request({ ms }), make.request({ ms: 7_200_000 })]).clients.get('plain')!.metrics
    t.ok(Math.abs(metrics.latency_p50_ms! - ms) <= ms / 1000, `${ms} ms is told as ${metrics.latency_p50_ms}`)
    t.equal(metrics.latency_max_ms, 7_200_000)
  }
})

test('a proxy: what it answered in its own words, and every try', async (t) => {
  const failed = { status: 502, failure: refusedFailure, proxy_error: 'upstream_refused' }
  const facts = reduce([
    make.forward({
      ...failed,
      tries: [make.oneTry({ failure: resetFailure }), make.oneTry({ failure: refusedFailure })],
    }),
    make.forward({ ...failed, tries: [make.oneTry({ failure: refusedFailure })] }),
    make.forward({ status: 200, tries: [make.oneTry({ failure: refusedFailure }), make.oneTry({ status: 200 })] }),
    make.forward({ status: 200, cut: true, failure: resetFailure }),
    make.forward({ tries: [], client_left: true }),
  ])
  const proxy = facts.proxies.get('lb')!
  t.match(proxy, { requests: 5, tries: 6, cut: 1 })
  t.same(
    [...proxy.statuses],
    [
      ['502', 2],
      ['200', 2],
    ],
  )
  t.same(proxy.failures, [
    { ...refusedFailure, proxy_error: 'upstream_refused', count: 2 },
    { ...resetFailure, count: 1 },
  ])
  t.same(proxy.triesFailed, [
    { ...resetFailure, count: 1 },
    { ...refusedFailure, count: 3 },
  ])
})

test('servers: tries of requests and health checks apart, turns in their order', async (t) => {
  const facts = reduce([
    make.forward({ tries: [make.oneTry({ failure: refusedFailure }), make.oneTry({ server: 'app2', status: 200 })] }),
    make.forward({ tries: [make.oneTry({ status: 503 }), make.oneTry({ server: 'app2', status: 404 })] }),
    make.forward({ health: true, tries: [make.oneTry({ failure: refusedFailure })] }),
    make.healthCheck(),
    make.healthCheck('drain'),
    make.healthCheck('failed'),
    make.healthCheck('failed'),
    make.turned('down'),
    make.turned('up'),
    make.turned('down'),
    make.turned('excluded', { hop: 'edge' }),
  ])
  t.same(Object.fromEntries(facts.servers.get('lb')!), {
    app1: {
      tries: 2,
      tries_failed: 2,
      error_rate: 1,
      checks: 4,
      checks_passed: 2,
      pass_rate: 0.5,
      turns: { down: 2, up: 1 },
    },
    app2: { tries: 2, tries_failed: 0, error_rate: 0, checks: 0, checks_passed: 0, pass_rate: null, turns: {} },
  })
  t.match(facts.servers.get('edge')!.get('app1'), { tries: 0, error_rate: null, turns: { excluded: 1 } })
  t.match(facts.proxies.get('lb'), { requests: 2, tries: 4 }, 'a check of a proxy in front is no request')
  t.notOk(facts.proxies.has('edge'), 'nobody asked it')
})

test('an origin: the work without the health page; connections of any server hop', async (t) => {
  const facts = reduce([
    make.connection('app1'),
    make.connection('waf'),
    make.served({ status: 200 }),
    make.served({ outcome: 'faulted' }),
    make.served({ status: 200, health: true, path: '/health' }),
  ])
  const origin = facts.origins.get('app1')!
  t.equal(origin.requests, 2)
  t.same([...origin.statuses], [['200', 1]])
  t.same(
    [...origin.outcomes],
    [
      ['answered', 1],
      ['faulted', 1],
    ],
  )
  t.same(
    [...facts.connections],
    [
      ['app1', 1],
      ['waf', 1],
    ],
  )
})

test('log lines are kept up to a limit of distinct ones, and counted beyond', async (t) => {
  const reduction = createReduction()
  for (let n = 0; n < 10_050; n++) reduction.add(make.log(`line ${n}`))
  reduction.add(make.log('line 7'))
  const lines = reduction.facts.logs.get('lb')!
  t.equal(lines.lines.size, 10_000)
  t.equal(lines.lines.get('line 7'), 2)
  t.equal(lines.others, 50)
})

test('errors and interruption are facts, and facts are a picture of their moment', async (t) => {
  const reduction = createReduction()
  const before = reduction.facts
  reduction.add({ event: 'error', t: 1, message: 'port taken' })
  reduction.add({ event: 'end', t: 2, interrupted: true })
  t.match(before, { errors: [], interrupted: false })
  t.match(reduction.facts, { errors: ['port taken'], interrupted: true })
})

const failures = fc.constantFrom(undefined, resetFailure, refusedFailure)
const anyEvent: fc.Arbitrary<JournalEvent> = fc.oneof(
  fc.record({ id: fc.constantFrom('a', 'b') }).map(({ id }) => make.fault(id)),
  fc.constantFrom('app1', 'lb', 'constructor').map(make.connection),
  fc.record({ status: fc.constantFrom(200, 500), health: fc.constantFrom(undefined, true as const) }).map(make.served),
  fc
    .record({ status: fc.constantFrom(200, 502), failure: failures, tried: fc.array(failures, { maxLength: 3 }) })
    .map(({ tried, ...more }) => make.forward({ ...more, tries: tried.map((failure) => make.oneTry({ failure })) })),
  fc.constantFrom('one', 'two').map((line) => make.log(line)),
  fc.record({ client: fc.constantFrom('plain', '__proto__'), failure: failures, bytes: fc.nat(99) }).map(make.attempt),
  fc
    .record({ ok: fc.boolean(), status: fc.constantFrom(200, 502), ms: fc.double({ min: 0, max: 1e7, noNaN: true }) })
    .map(make.request),
)

/** Maps as sorted pairs, failure counts sorted. */
const sorted = (value: unknown): unknown => {
  if (value instanceof Map) return sorted([...value])
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, sorted(of)]))
}

test('facts do not depend on the order of events', async () => {
  const runs = fc
    .array(anyEvent, { maxLength: 60 })
    .chain((events) =>
      fc.tuple(
        fc.constant(events),
        fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
      ),
    )
  fc.assert(
    fc.property(runs, ([events, shuffled]) => {
      // One id for several requests is an error, and then only that is certain.
      for (const [n, event] of events.entries())
        if (event.event === 'attempt' || event.event === 'request') event.request = `r${n}`
      const [one, other] = [sorted(reduce(events)), sorted(reduce(shuffled))]
      return JSON.stringify(one) === JSON.stringify(other)
    }),
  )
})

test('amplification is attempts by requests, and every outcome is counted once', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { minLength: 1 }), (retries) => {
      const events = retries.flatMap((more, n) => [
        ...times(more, make.attempt({ request: `r${n}`, status: 502 })),
        make.attempt({ request: `r${n}`, status: 200 }),
        make.request({ request: `r${n}`, attempts: more + 1, status: 200 }),
      ])
      const { metrics } = reduce(events).clients.get('plain')!
      const attempts = retries.reduce((sum, more) => sum + more + 1, 0)
      const counted = Object.values(metrics.outcomes).reduce((sum, count) => sum + count, 0)
      return (
        metrics.amplification === attempts / retries.length && counted === attempts && metrics.attempts === attempts
      )
    }),
  )
})

test('a journal survives being written and read, whatever its lines contain', async (t) => {
  fc.assert(
    fc.property(fc.array(anyEvent), fc.string({ unit: 'binary' }), (events, line) => {
      const all = JSON.parse(JSON.stringify([...events, make.log(line)]))
      const text = all.map(serialize).join('')
      const back = parseJournal(text)
      return text.split('\n').length === all.length + 1 && JSON.stringify(back) === JSON.stringify(all)
    }),
  )
  t.equal(serialize(make.log('a\nb')).indexOf('\n'), serialize(make.log('a\nb')).length - 1, 'one line per event')
})

test('a torn last line is left out, any other that is no event is a problem with its line', async (t) => {
  const whole = serialize(make.log('a'))
  t.same(parseJournal(`${whole}{"event":"lo`), [make.log('a')])
  t.same(parseJournal(`${whole}${whole.trimEnd()}`), [make.log('a'), make.log('a')], 'whole but for its line feed')
  t.same(parseJournal(''), [])
  t.match(problemsOf(`${whole}nonsense\n[1]\nnull\n${whole}`), [
    { file: 'run.ndjson', line: 2 },
    { file: 'run.ndjson', line: 3 },
    { file: 'run.ndjson', line: 4 },
  ])
  t.equal(problemsOf('x\n'.repeat(1000)).length, 20)
})

function problemsOf(text: string): readonly Problem[] {
  try {
    parseJournal(text, 'run.ndjson')
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems
    throw error
  }
  return []
}
