/** Metrics of hand-made streams, each computed by hand, and what must hold for any stream. */
import fc from 'fast-check'
import { test } from 'tap'
import type { BanScope } from '../../../src/core/waf/rule.js'
import type { JournalEvent, ThreadEvent } from '../../../src/journal/events.js'
import { createMetricsFold, metricTable, scalarMetrics } from '../../../src/journal/metrics/index.js'
import * as make from '../events.js'
import { oneTry, refusedFailure, resetFailure } from '../events.js'
import { APP, attempt, judged, metricsOf, request, served, ways } from '../streams.js'

const nothing = { counted: true, bans: [], faults: null, thread: null, recovery: { holdMs: 1000, goodput: 0.95 } }

test('without a request no metric is 0 that is not a count', async (t) => {
  const metrics = createMetricsFold().metrics(nothing, [])
  t.same(Object.keys(metrics).sort(), Object.keys(metricTable).sort(), 'each has its row, and each row is computed')
  for (const name of scalarMetrics) {
    const { unit, none } = { none: undefined, ...metricTable[name] }
    t.equal(metrics[name], none === undefined ? 0 : null, name)
    if (unit !== 'count') t.ok(none, `${name} says when it is not defined`)
  }
})

/** A fails once and waits 30 ms, B succeeds at once, C fails twice: 10 ms each. */
const three: JournalEvent[] = [
  attempt(1, 0, 10, { request: 'direct-1', status: 502, decision: 'again: 502', wait_ms: 30, connect_ms: 1 }),
  attempt(2, 40, 10, { request: 'direct-1', reused: true }),
  request(0, 50, { request: 'direct-1', attempts: 2 }),
  attempt(1, 100, 10, { request: 'direct-2', reused: true }),
  request(100, 10, { request: 'direct-2' }),
  attempt(1, 200, 10, { request: 'direct-3', status: undefined, failure: refusedFailure, decision: 'again: error' }),
  attempt(2, 240, 10, { request: 'direct-3', status: 502, decision: 'attempts_exhausted', connect_ms: 1 }),
  request(200, 50, { request: 'direct-3', attempts: 2, ok: false, status: 502, refused: 'token_bucket' }),
  served(1, 8, { request: 'direct-1', status: 502 }),
  served(41, 8, { request: 'direct-1' }),
  served(101, 8, { request: 'direct-2' }),
  served(241, 8, { request: 'direct-3', status: 502 }),
]

test('requests and attempts: who succeeded, with how many, how fast', async (t) => {
  const seconds = 0.25
  t.match(metricsOf(three), {
    requests: 3,
    succeeded: 2,
    success_rate: 2 / 3,
    effective_rps: 3 / seconds,
    offered_rps: 2 / 0.2,
    successful_without_retry: 1,
    successful_with_retry: 1,
    failed_with_retry: 1,
    failed_without_retry: 0,
    refusals: { token_bucket: 1 },
    attempts: 5,
    amplification: 5 / 3,
    attempts_p99: 2,
    attempts_max: 2,
    actual_success_rate: 2 / 5,
    actual_rps: 5 / seconds,
    success_by_attempt: { 1: 1 / 3, 2: 1 / 2 },
    success_within_attempts: { 1: 1 / 3, 2: 2 / 3 },
    success_p50_ms: 10.007, // The upper end of the bucket of 10 ms.
    success_p999_ms: 50,
    failure_p50_ms: 50,
    failure_p999_ms: 50,
    backoff_mean_ms: (30 + 0 + 30) / 3,
    backoff_max_ms: 30,
    server_requests: 4,
    server_amplification: 4 / 3,
    server_requests_max: 2,
    goodput_rps: 2 / seconds,
    throughput_rps: 4 / seconds,
    connections_per_request: 2 / 3,
    fairness: null,
    recovered: null,
    duplicates_applied: null,
    wasted_work_ratio: null,
  })
})

test('a hedge: both are attempts, the time without any on its way is none, and the loser’s work is wasted', async (t) => {
  const worked = { queued_ms: 0, locked_ms: 0 }
  const metrics = metricsOf([
    attempt(1, 0, 15, {
      status: undefined,
      cancelled: true,
      gave_up: true,
      decision: 'cancelled',
      local: 'c:1',
      connect_ms: 0,
    }),
    attempt(2, 10, 5, { hedge: true, local: 'c:2' }),
    request(0, 15, { attempts: 2 }),
    served(11, 4, { peer: 'c:2', worked_ms: 3, ...worked }),
    served(1, 30, { peer: 'c:1', worked_ms: 29, outcome: 'wasted', status: undefined, ...worked }),
  ])
  t.match(metrics, {
    hedges: 1,
    cancelled: 1,
    backoff_mean_ms: 0,
    success_by_attempt: { 1: 0, 2: 1 },
    server_busy_ms: 32,
    wasted_work_ratio: 29 / 32,
    throughput_rps: 2 / 0.015,
    goodput_rps: 1 / 0.015,
  })
})

test('of two whole answers the work of that one was used whose connection the answer came over', async (t) => {
  const work = (peer: string, worked_ms: number, end: number) => served(1, end - 1, { peer, worked_ms, queued_ms: 0 })
  const stream = (peers: string[]) => [
    attempt(1, 0, 21, { local: 'c:1', decision: 'success' }),
    attempt(2, 10, 30, { hedge: true, local: 'c:2', decision: 'success, and too late' }),
    request(0, 21, { attempts: 2 }),
    work(peers[0]!, 10, 22),
    work(peers[1]!, 30, 20),
  ]
  t.equal(metricsOf(stream(['c:1', 'c:2'])).wasted_work_ratio, 30 / 40)
  // Both ended within a millisecond of the answer: the clock can't tell, so the earlier told of two equally near.
  t.equal(metricsOf(stream(['r:1', 'r:2'])).wasted_work_ratio, 30 / 40, 'behind a relay: the one nearest in time')
})

test('through a proxy the work is found by both its connections', async (t) => {
  const at = (peer: string, worked_ms: number) =>
    make.served({ request: 'plain-1', peer, worked_ms, t: 9, ms: 8, status: 200 })
  const metrics = metricsOf(
    [
      at('p:1', 5),
      at('p:2', 7),
      make.forward({
        request: 'plain-1',
        peer: 'c:1',
        tries: [
          make.oneTry({ address: APP, local: 'p:1', status: 502 }),
          make.oneTry({ address: APP, local: 'p:2', status: 200 }),
        ],
      }),
      make.attempt({
        request: 'plain-1',
        client: 'plain',
        address: '127.0.0.1:7002',
        local: 'c:1',
        status: 200,
        t: 10,
        ms: 10,
      }),
      make.request({ request: 'plain-1', t: 10, ms: 10 }),
    ],
    'plain',
  )
  t.equal(metrics.wasted_work_ratio, 5 / 12)
  t.equal(metrics.amplification, 1)
  t.equal(metrics.server_amplification, 2, 'what the proxy tried again counts at the server')
})

test('safety: too early, applied again, after the end, another body', async (t) => {
  const told = [
    attempt(1, 0, 10, { status: 503 }),
    attempt(2, 100, 10, { status: 503 }),
    attempt(3, 1200, 10, { status: undefined, gave_up: true, reused: true, decision: 'gave_up' }),
    attempt(4, 1265, 10, { status: undefined, gave_up: true, reused: true, decision: 'gave_up' }),
    request(0, 1260, { attempts: 4, ok: false }),
  ]
  const operation = (applied: number): JournalEvent => ({
    event: 'operation',
    t: 1,
    hop: 'app1',
    request: 'direct-1',
    key: 'k',
    applied,
  })
  const later = { status: 503, retry_after: '1', retry_after_ms: 1000 }
  const metrics = metricsOf([
    operation(1),
    served(2, 8, { ...later, body_crc: 7, request_bytes: 3 }),
    operation(2),
    served(102, 8, { ...later, body_crc: 8, request_bytes: 3 }),
    ...told,
    operation(0),
    served(1201, 90, { body_crc: 7, request_bytes: 3, outcome: 'wasted', status: undefined }),
    served(1270, 90, { outcome: 'aborted', status: undefined }),
  ])
  t.match(metrics, {
    // The fourth was sent at 1265, and the request had ended at 1260.
    // The first was promised for 1010 and came back at 102; the second was promised for 1110 and came back at 1201.
    early_retries: 1,
    early_retry_mean_ms: 1010 - 102,
    early_retry_max_ms: 1010 - 102,
    duplicates_applied: 1,
    retries_after_abort: 1,
    bodies_mismatched: 1,
  })
  const onItsWay = [
    attempt(1, 0, 10),
    served(1, 8),
    attempt(2, 11, 1, { cancelled: true }),
    request(0, 12, { attempts: 2 }),
  ]
  t.match(metricsOf([...onItsWay, served(13, 1)]), { retries_after_abort: 0 })
  t.match(metricsOf([attempt(1, 0, 10), served(1, 8, later), request(0, 10)]), {
    early_retries: 0,
    duplicates_applied: null,
  })
})

test('fairness: the most attempts of one instance by the median', async (t) => {
  const of = (instance: number, n: number) => [
    attempt(1, 0, 1, { request: `direct.${instance}-${n}`, instance }),
    served(0, 1, { request: `direct.${instance}-${n}` }),
    request(0, 1, { request: `direct.${instance}-${n}`, instance }),
  ]
  t.equal(metricsOf([...of(0, 1), ...of(1, 1), ...of(1, 2), ...of(1, 3), ...of(2, 1)]).fairness, 3)
  t.equal(
    metricsOf([...of(0, 1), ...of(1, 1), ...of(1, 2), ...of(1, 3)]).fairness,
    3 / 2,
    'the mean of the two in the middle',
  )
})

test('what the thread of the clients bears: of the turn of each, and the slope of what stays', async (t) => {
  const run: JournalEvent = { event: 'run', t: 0, scenario: 's', seed: 1, engine: 'live', version: '1', node: '20' }
  const thread = (more: Partial<ThreadEvent>): JournalEvent => ({ event: 'thread', t: 9, delay_p99_ms: 1, ...more })
  const heapOf = (heap: [number, number][]) => metricsOf([run, ...three, thread({ heap })]).heap_kb_per_1000_failures
  t.equal(
    heapOf([
      [0, 1000],
      [4000, 1200],
      [8000, 1400],
    ]),
    50,
  )
  // Means 4000 and 1300: (-4000 * -300 + 0 * -100 + 4000 * 400) / (2 * 4000²), for 1000.
  t.equal(
    heapOf([
      [0, 1000],
      [4000, 1200],
      [8000, 1700],
    ]),
    87.5,
  )
  t.equal(
    heapOf([
      [0, 1000],
      [5000, 900],
    ]),
    -20,
  )
  t.equal(
    heapOf([
      [1, 1000],
      [5000, 900],
    ]),
    null,
    'too few',
  )
  t.equal(metricsOf([run, ...three, thread({})]).heap_kb_per_1000_failures, null)
  const other = three.map((event) => ({
    ...event,
    client: 'plain',
    request: `plain${(event as { request: string }).request.slice(6)}`,
  })) as JournalEvent[]
  const told = [thread({ delay_p99_ms: 3, timers: 2, sockets: 1 }), thread({ delay_p99_ms: 4 })] as const
  const { clients } = judged([run, ...three, told[0], run, ...other, told[1]])
  t.match(clients.get('direct')!.metrics, { loop_delay_p99_ms: 3, timers_left: 2, sockets_left: 1 })
  t.match(clients.get('plain')!.metrics, { loop_delay_p99_ms: 4, timers_left: null, sockets_left: null })
})

/** Arrivals at these times, each a request of its own. */
const arrivals = (times: number[]): JournalEvent[] =>
  times.flatMap((at, index) => {
    const id = `direct-${index + 1}`
    return [attempt(1, at, 1, { request: id }), served(at, 0.5, { request: id }), request(at, 1, { request: id })]
  })

test('index of dispersion: constant 0, Poisson about 1, all at once the more the worse', async (t) => {
  const constant = metricsOf(arrivals(Array.from({ length: 4000 }, (_, n) => n + 0.1)))
  t.match(constant, { idc_10ms: 0, idc_100ms: 0, idc_1s: 0, peak_to_mean_10ms: 1, retry_idc_10ms: null })
  let [at, state] = [0, 42]
  const draw = () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return (state + 0.5) / 2 ** 32
  }
  const poisson = metricsOf(arrivals(Array.from({ length: 20_000 }, () => (at -= 5 * Math.log(draw())))))
  // The standard error of the index over k windows is sqrt(2/k): 10 000 windows of 10 ms, 1000 of 100 ms, 100 of 1 s.
  t.ok(Math.abs(poisson.idc_10ms! - 1) < 4 * Math.sqrt(2 / 10_000), String(poisson.idc_10ms))
  t.ok(Math.abs(poisson.idc_100ms! - 1) < 4 * Math.sqrt(2 / 1000), String(poisson.idc_100ms))
  t.ok(Math.abs(poisson.idc_1s! - 1) < 4 * Math.sqrt(2 / 100), String(poisson.idc_1s))
  // 100 at once, then one in the tenth window of 10 ms: mean 10.1.
  const herd = metricsOf(arrivals([...Array(100).fill(5), 95]))
  t.match(herd, { peak_to_mean_10ms: 100 / 10.1, peak_to_mean_100ms: null, idc_100ms: null })
  const variance = (100 * 100 + 1) / 10 - 10.1 ** 2
  t.ok(Math.abs(herd.idc_10ms! - variance / 10.1) < 1e-9)
})

test('in step: what comes back at one interval, of all and of retries alone', async (t) => {
  // 12 requests at random times, each tried again 400 ms after the instant at which all of them were turned away, four times.
  const events = Array.from({ length: 12 }, (_, n): JournalEvent[] => {
    const id = `direct-${n + 1}`
    const at = [17 * n, ...[1000, 1400, 1800, 2200].map((wave) => wave + n / 4)]
    return [
      ...at.flatMap((one, k) => [attempt(k + 1, one, 1, { request: id }), served(one, 0.5, { request: id })]),
      request(at[0]!, at[4]! + 1 - at[0]!, { request: id, attempts: 5 }),
    ]
  }).flat()
  const metrics = metricsOf(events)
  t.match(metrics, { retry_synchrony: 1, retry_synchrony_period_ms: 400 })
  t.ok(metrics.synchrony! < 1 && metrics.synchrony! > 0.75, `the first attempts are not in step: ${metrics.synchrony}`)
  t.match(metricsOf(events.slice(0, 22)), { synchrony: null, synchrony_period_ms: null }, 'ten arrivals')
  const told = { ...nothing, counted: false, faults: { first: 0, last: 0 } }
  t.match(createMetricsFold().metrics(told, []), { synchrony: null, after_fault_idc_100ms: null })
})

test('after the fault: the same windows, from the first time it took effect to the last arrival', async (t) => {
  const fault = (at: number): JournalEvent => ({ ...make.fault('f'), t: at })
  const calm = Array.from({ length: 100 }, (_, n) => 10 * n)
  const burst = (at: number, count: number) => Array<number>(count).fill(at)
  // From 1050 on: 20, 0 and 10. The second fault is later, and counts for nothing.
  const stream = arrivals([...calm, ...burst(1055, 10), ...burst(1145, 10), ...burst(1255, 10)])
  const after = metricsOf([fault(1050), fault(1250), ...stream])
  t.equal(after.after_fault_peak_to_mean_100ms, 2)
  t.ok(Math.abs(after.after_fault_idc_100ms! - ((400 + 100) / 3 - 100) / 10) < 1e-9)
  t.match(metricsOf(stream), { after_fault_peak_to_mean_100ms: null, after_fault_idc_100ms: null }, 'without a fault')
  const spike = { ways, recovery: { fromMs: 1140 } }
  t.match(metricsOf(stream, 'direct', spike), { after_fault_peak_to_mean_100ms: 1 }, 'from 1140 on: 10 and 10')
  t.match(metricsOf([fault(1250), ...stream]), { after_fault_idc_100ms: null }, 'one window is left')
})

test('retries alone: all but the first to arrive of each request, in whatever order it is told', async (t) => {
  const events = [
    attempt(1, 0, 30, { status: undefined, gave_up: true, reused: true }),
    attempt(2, 40, 5),
    request(0, 45, { attempts: 2 }),
    served(41, 3),
    served(1, 100, { outcome: 'wasted', status: undefined }),
    ...arrivals([11, 12, 13, 31]).map((event) => ({ ...event, request: `${(event as { request: string }).request}1` })),
  ] as JournalEvent[]
  // Of all: 1, 3, 0, 1 and 1 in the windows from 0 on; of retries one, and no spread of one window.
  t.match(metricsOf(events), { peak_to_mean_10ms: 3 / (6 / 5), retry_peak_to_mean_10ms: null })
})

const anyRequest = fc.record({
  start: fc.integer({ min: 0, max: 5000 }),
  attempts: fc.array(
    fc.record({
      ms: fc.integer({ min: 1, max: 50 }),
      wait: fc.integer({ min: 0, max: 200 }),
      worked: fc.integer({ min: 1, max: 40 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  ok: fc.boolean(),
})

/** Every attempt reaches the origin, which works it off. */
const streamOf = (
  requests: { start: number; ok: boolean; attempts: { ms: number; wait: number; worked: number }[] }[],
) =>
  requests.flatMap(({ start, ok, attempts }, index): JournalEvent[] => {
    const id = `direct-${index + 1}`
    let at = start
    const events = attempts.flatMap(({ ms, wait, worked }, n): JournalEvent[] => {
      const last = n === attempts.length - 1
      const begun = at
      at += ms + (last ? 0 : wait)
      const decision = !last ? 'again: 503' : ok ? 'success' : 'attempts_exhausted'
      return [
        attempt(n + 1, begun, ms, { request: id, decision, status: last && ok ? 200 : 503, local: `c:${index}.${n}` }),
        served(begun, ms, { request: id, peer: `c:${index}.${n}`, worked_ms: worked, queued_ms: 0 }),
      ]
    })
    return [...events, request(start, at - start, { request: id, attempts: attempts.length, ok })]
  })

test('of any stream: goodput is throughput at most, amplification 1 at least, and the order told changes nothing', async (t) => {
  fc.assert(
    fc.property(
      fc.array(anyRequest, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (requests, noise) => {
        const events = streamOf(requests)
        const metrics = metricsOf(events)
        const shuffled = events.map((event) => [noise.next().value, event] as const).sort(([a], [b]) => a - b)
        t.same(metricsOf(shuffled.map(([, event]) => event)), metrics, 'the order')
        return (
          metrics.goodput_rps! <= metrics.throughput_rps! &&
          metrics.amplification! >= 1 &&
          metrics.server_amplification === metrics.amplification &&
          metrics.wasted_work_ratio! >= 0 &&
          metrics.wasted_work_ratio! <= 1 &&
          metrics.success_rate! >= metrics.actual_success_rate! &&
          Object.values(metrics.success_within_attempts).at(-1) === metrics.success_rate
        )
      },
    ),
  )
})

test('a picture is one of its moment: what is told later does not change it, and counts later', async (t) => {
  const fold = createMetricsFold()
  const account = {
    id: 'x',
    client: 'direct',
    attempts: [{ n: 1, start: 0, end: 5, won: true, local: undefined }],
    served: [],
    passed: [],
    ended: { t: 5, ms: 5, ok: true, attempts: 1, refused: undefined },
    low: [],
    high: [],
    seen: [],
    asked: [],
    exits: [],
    operations: { applied: 2, again: 1 },
  }
  fold.request(request(0, 5))
  const before = fold.metrics(nothing, [account])
  t.same(fold.metrics(nothing, [account]), before, 'asked twice, counted once')
  fold.settled(account)
  t.same(fold.metrics(nothing, []), before)
  t.equal(before.duplicates_applied, 1)
})

test('exits: the tries of a gateway, or the attempts of who had a tunnel', async (t) => {
  const [a, b, c] = ['127.11.1.1', '127.11.1.2', '127.11.1.3']
  const tunnel = (status: number) => ({ to: 'app1.test:80', status })
  const tunnelled = metricsOf([
    attempt(1, 0, 5, { exit: a, tunnelled: tunnel(200), status: undefined, failure: resetFailure, decision: 'retry' }),
    attempt(2, 5, 5, { exit: a, tunnelled: tunnel(200), status: 503, decision: 'retry' }),
    attempt(3, 10, 5, { exit: b, tunnelled: tunnel(200) }),
    request(0, 15, { attempts: 3 }),
    served(6, 1, { status: 503 }),
    served(11, 1),
  ])
  t.match(tunnelled, {
    tries_by_exit: { [a]: 2, [b]: 1 },
    failed_by_exit: { [a]: 2 },
    exits_used: 2,
    exits_failing: 1,
    busiest_exit_share: 2 / 3,
    burn_rate: 1,
  })
  const rotated = metricsOf([
    make.forward({
      request: 'direct-1',
      hop: 'gw',
      tries: [oneTry({ address: APP, exit: a, failure: resetFailure }), oneTry({ address: APP, exit: c, status: 200 })],
    }),
    attempt(1, 0, 5, { exit: c }),
    request(0, 5, { attempts: 1 }),
  ])
  t.match(rotated, { tries_by_exit: { [a]: 1, [c]: 1 }, failed_by_exit: { [a]: 1 }, exits_used: 2, exits_failing: 1 })
  const ban = (scope: BanScope, key: string): JournalEvent => ({
    event: 'waf',
    t: 1,
    hop: 'wall',
    peer: `${a}:1`,
    rule: 'bots',
    action: 'reset',
    ban: { scope, key, for_ms: 1000 },
  })
  const through = (exit: string) => [attempt(1, 0, 5, { exit }), request(0, 5, { attempts: 1 })]
  const partly = metricsOf([ban('fingerprint_on_address', `t13_x on ${a}`), ban('address', b), ...through(a)])
  t.match(partly, { bans: 1, exits_banned: 0 })
  const wholly = metricsOf([ban('address', a), ban('subnet', '127.11.1.0/24'), ...through(a)])
  t.match(wholly, { bans: 2, exits_banned: 1 })
  t.match(metricsOf([ban('subnet', '127.11.11.0/24'), ...through(a)]), { bans: 0, exits_banned: 0 })
  const none = metricsOf([ban('address', a), attempt(1, 0, 5), request(0, 5, { attempts: 1 })])
  t.match(none, { bans: 0, exits_banned: 0 })
  t.match(none, { tries_by_exit: {}, exits_used: 0, exits_failing: 0, busiest_exit_share: null, burn_rate: null })
})
