/** Recovery: when goodput and queues are as before, for as long as was asked; or never, which is a value. */
import { test } from 'tap'
import { evaluate } from '../../../src/checks/index.js'
import type { JournalEvent } from '../../../src/journal/events.js'
import * as make from '../events.js'
import { attempt, judged, metricsOf, request, served, ways } from '../streams.js'

/** 100 requests a second until `until`, that fail within [from, to), and that wait so long for a worker. */
function load(
  until: number,
  fails: [from: number, to: number],
  queuedMs: (at: number) => number = () => 1,
): JournalEvent[] {
  return Array.from({ length: until / 10 }, (_, n) => n * 10).flatMap((at) => {
    const id = `direct-${at / 10 + 1}`
    const ok = at < fails[0] || at >= fails[1]
    const status = ok ? 200 : 503
    return [
      attempt(1, at, 5, { request: id, status, decision: ok ? 'success' : 'none' }),
      served(at, 5, { request: id, status, queued_ms: queuedMs(at), worked_ms: 1 }),
      request(at, 5, { request: id, status, ok }),
    ]
  })
}

const fault = (t: number): JournalEvent => ({ ...make.fault('f'), t })
const faults = [fault(1000), fault(2000)]

test('from the last time that a fault took effect until all is well for a second, in steps of 100 ms', async (t) => {
  t.match(metricsOf([...faults, ...load(5000, [1000, 2500])]), { recovered: 1, recovery_ms: 500, lost_goodput: 150 })
  t.match(metricsOf([...faults, ...load(5000, [1000, 2000])]), { recovered: 1, recovery_ms: 0, lost_goodput: 100 })
  const quick = { ways, recovery: { goodput: 0.4 } }
  t.match(
    metricsOf([...faults, ...load(5000, [1000, 2500])], 'direct', quick),
    { recovery_ms: 0 },
    'a second of which half is good',
  )
})

test('arrivals after the recovery are counted from that moment on', async (t) => {
  const more = (at: number, count: number) =>
    Array.from({ length: count }, (_, n): JournalEvent[] => {
      const id = `direct-${1000 + at + n}`
      return [attempt(1, at, 5, { request: id }), served(at, 5, { request: id }), request(at, 5, { request: id })]
    }).flat()
  const stream = [...faults, ...load(5000, [1000, 2500]), ...more(2410, 30), ...more(3050, 15)]
  const metrics = metricsOf(stream)
  // 25 windows from 2.5 s on: 25 in one of them, 10 in the others.
  const mean = (24 * 10 + 25) / 25
  t.match(metrics, { recovery_ms: 500, after_recovery_peak_to_mean_100ms: 25 / mean })
  t.ok(Math.abs(metrics.after_recovery_idc_100ms! - ((24 * 100 + 625) / 25 / mean - mean)) < 1e-9)
  const never = { after_recovery_peak_to_mean_100ms: null, after_recovery_idc_100ms: null }
  t.match(metricsOf([...faults, ...load(5000, [1000, 5000])]), { recovered: 0, ...never })
  t.match(metricsOf(load(5000, [1000, 2500])), never, 'without a fault')
})

test('a queue that is still longer is no recovery', async (t) => {
  const queued = (at: number) => (at < 1000 ? 10 : at < 3200 ? 30 : 10.9)
  t.match(metricsOf([...faults, ...load(6000, [1000, 2500], queued)]), { recovered: 1, recovery_ms: 1200 })
  const longer = (at: number) => (at < 1000 ? 10 : 11.2)
  t.match(metricsOf([...faults, ...load(6000, [1000, 2500], longer)]), { recovered: 0, recovery_ms: null })
  const idle = (at: number) => (at < 1000 ? 0.1 : 1)
  t.match(
    metricsOf([...faults, ...load(6000, [1000, 2500], idle)]),
    { recovery_ms: 500 },
    'less than a millisecond more',
  )
})

test('never is not a missing number: a limit on it is broken', async (t) => {
  const never = judged([...faults, ...load(5000, [1000, 5000])])
  t.match(never.clients.get('direct')!.metrics, { recovered: 0, recovery_ms: null, lost_goodput: 400 })
  const check = {
    client: 'direct',
    metric: 'recovery_ms',
    is: { op: '<=', value: 5000, unit: 'duration', text: '<= 5s' },
  } as const
  t.match(evaluate(check, never), [{ verdict: 'fail', actual: 'never', expected: '<= 5s' }])
  const early = judged([fault(1000), fault(4500), ...load(5000, [1000, 4500])])
  t.match(
    early.clients.get('direct')!.metrics,
    { recovered: null, recovery_ms: null },
    'the load ended before it could be told',
  )
  t.match(evaluate(check, early), [{ verdict: 'inconclusive' }])
  t.match(metricsOf(load(3000, [1000, 2000])), { recovered: null, lost_goodput: null }, 'without a fault')
})

test('where no fault is the cause, the scenario says from when on', async (t) => {
  // Of the two seconds from 2.4 s on, a tenth of one is bad: 95 % are well.
  const spike = { ways, recovery: { fromMs: 2000, holdMs: 2000 } }
  t.match(metricsOf(load(6000, [1500, 2500]), 'direct', spike), { recovered: 1, recovery_ms: 400, lost_goodput: 40 })
  t.match(metricsOf(load(4000, [1500, 2500]), 'direct', spike), { recovered: 0 })
})

test('of clients that run in turn each has its own faults', async (t) => {
  const run: JournalEvent = { event: 'run', t: 0, scenario: 's', seed: 1, engine: 'live', version: '1', node: '20' }
  const other = load(5000, [1000, 2500]).map((event) => ({
    ...event,
    client: 'plain',
    request: `plain${(event as { request: string }).request.slice(6)}`,
  }))
  const facts = judged([run, ...faults, ...load(5000, [1000, 2500]), run, fault(3000), ...(other as JournalEvent[])])
  t.equal(facts.clients.get('direct')!.metrics.recovery_ms, 500)
  t.equal(facts.clients.get('plain')!.metrics.recovery_ms, 0)
})
