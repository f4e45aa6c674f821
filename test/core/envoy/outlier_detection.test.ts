/** Envoy's outlier detection, case by case: what ejects a server, for how long, who may be ejected, and who returns. */
import { test } from 'tap'
import type { z } from 'zod'
import {
  type EjectionReason,
  type Outcome,
  OutlierDetection,
  outlierDetectionSchema,
  type Turn,
} from '../../../src/core/proxy/envoy/outlier_detection.js'
import { failing, lowest } from '../../../src/core/proxy/envoy/success_rate.js'

type Input = z.input<typeof outlierDetectionSchema>

const detectionOf = (input: Input = {}, { hosts = 3, draw = (): number => 0 } = {}): OutlierDetection => {
  const detection = new OutlierDetection(outlierDetectionSchema.parse(input), hosts, draw)
  detection.advance(0)
  return detection
}
const answered = (status: number): Outcome => ({ is: 'answered', status })
const UNREACHED: Outcome = { is: 'unreached' }
const LATE: Outcome = { is: 'late' }
const CONNECTED: Outcome = { is: 'connected' }

/** What came of so many in a row, at host 0. */
function after(detection: OutlierDetection, outcomes: Outcome[], now = 1): Turn[] {
  return outcomes.flatMap((outcome) => detection.report(0, outcome, now))
}
const times = (count: number, outcome: Outcome): Outcome[] => Array.from({ length: count }, () => outcome)
const ejections = (turns: Turn[]): EjectionReason[] =>
  turns.flatMap((turn) => (turn.turned === 'ejected' ? [turn.why] : []))

test('the defaults are Envoy’s', async (t) => {
  t.strictSame(outlierDetectionSchema.parse({}), {
    consecutive_5xx: 5,
    consecutive_gateway_failure: 5,
    consecutive_local_origin_failure: 5,
    split_external_local_origin_errors: false,
    interval: 10_000,
    base_ejection_time: 30_000,
    max_ejection_time_jitter: 0,
    max_ejection_percent: 0.1,
    always_eject_one_host: true,
    enforcing_consecutive_5xx: 1,
    enforcing_consecutive_gateway_failure: 0,
    enforcing_consecutive_local_origin_failure: 1,
    success_rate_minimum_hosts: 5,
    success_rate_request_volume: 100,
    success_rate_stdev_factor: 1900,
    enforcing_success_rate: 1,
    enforcing_local_origin_success_rate: 1,
    failure_percentage_threshold: 85,
    failure_percentage_minimum_hosts: 5,
    failure_percentage_request_volume: 50,
    enforcing_failure_percentage: 0,
    enforcing_failure_percentage_local_origin: 0,
    successful_active_health_check_uneject_host: true,
  })
  t.notOk(outlierDetectionSchema.safeParse({ max_ejection_time: '10s' }).success, 'shorter than the base')
  t.notOk(outlierDetectionSchema.safeParse({ interval: '0s' }).success)
})

test('five 5xx in a row eject it, with anything else in between they do not', async (t) => {
  const detection = detectionOf()
  t.strictSame(after(detection, times(4, answered(500))), [])
  t.strictSame(after(detection, [answered(200), ...times(4, answered(503))]), [])
  t.strictSame(after(detection, [answered(404), ...times(4, answered(599))]), [])
  t.notOk(detection.isEjected(0))
  t.strictSame(after(detection, [answered(500)], 7), [
    { host: 0, at: 7, turned: 'ejected', why: 'consecutive_5xx', forMs: 30_000 },
  ])
  t.ok(detection.isEjected(0))
  t.notOk(detection.isEjected(1))
})

test('not split, what failed here counts as what the client was told', async (t) => {
  for (const outcome of [UNREACHED, LATE]) {
    t.strictSame(ejections(after(detectionOf(), times(5, outcome))), ['consecutive_5xx'], outcome.is)
  }
  const mixed = [UNREACHED, answered(500), LATE, answered(502), UNREACHED]
  t.strictSame(ejections(after(detectionOf(), mixed)), ['consecutive_5xx'])
  const reconnecting = [UNREACHED, CONNECTED, UNREACHED, CONNECTED, UNREACHED, UNREACHED, UNREACHED]
  t.strictSame(ejections(after(detectionOf(), reconnecting)), ['consecutive_5xx'], 'that it connected ends no run')
})

test('gateway failures are 502, 503 and 504, and what failed here; detected, and not enforced as it comes', async (t) => {
  const enforced = { enforcing_consecutive_gateway_failure: '100%', consecutive_5xx: 0 } as const
  for (const outcome of [answered(502), answered(503), answered(504), UNREACHED, LATE]) {
    const name = JSON.stringify(outcome)
    t.strictSame(ejections(after(detectionOf(enforced), times(5, outcome))), ['consecutive_gateway_failure'], name)
  }
  t.strictSame(after(detectionOf(enforced), times(9, answered(500))), [])
  const broken = [...times(4, answered(502)), answered(500), ...times(4, answered(502))]
  t.strictSame(after(detectionOf(enforced), broken), [], 'a 500 is none')
  t.strictSame(after(detectionOf({ consecutive_5xx: 0 }), times(20, answered(502))), [])
})

test('split, what failed here counts apart', async (t) => {
  const split = { split_external_local_origin_errors: true }
  for (const outcome of [UNREACHED, LATE]) {
    const turns = after(detectionOf(split), times(5, outcome))
    t.strictSame(ejections(turns), ['consecutive_local_origin_failure'], outcome.is)
  }
  const connecting = [...times(4, UNREACHED), CONNECTED, ...times(4, LATE)]
  t.strictSame(after(detectionOf(split), connecting), [], 'one that connected ends the run')
  t.strictSame(after(detectionOf(split), [...times(4, answered(500)), UNREACHED, CONNECTED]), [])
  const answers = [answered(500), CONNECTED, answered(500), UNREACHED, ...times(3, answered(500))]
  t.strictSame(ejections(after(detectionOf(split), answers)), ['consecutive_5xx'], 'answers in a row are answers')
})

test('it returns at the first interval after its time, and may be ejected anew from nothing', async (t) => {
  const detection = detectionOf()
  after(detection, times(5, answered(500)), 15_000)
  t.strictSame(detection.advance(44_999), [])
  t.strictSame(detection.advance(49_999), [], 'its time is over, nobody has looked')
  t.strictSame(detection.advance(50_000), [{ host: 0, at: 50_000, turned: 'returned' }])
  t.notOk(detection.isEjected(0))
  t.strictSame(after(detection, times(4, answered(500)), 50_001), [])
  t.strictSame(ejections(after(detection, [answered(500)], 50_002)), ['consecutive_5xx'])
})

test('a request that comes late finds done what was due meanwhile', async (t) => {
  const detection = detectionOf()
  after(detection, times(5, answered(500)), 15_000)
  t.strictSame(detection.advance(1_000_000), [{ host: 0, at: 50_000, turned: 'returned' }])
})

test('each ejection in a row is longer by the base, up to the most; well for an interval, it is one less', async (t) => {
  const detection = detectionOf({ interval: '1s', base_ejection_time: '10s', max_ejection_time: '25s' })
  const lengths: number[] = []
  let now = 0
  for (let round = 0; round < 5; round++) {
    const [turn] = after(detection, times(5, answered(500)), now)
    if (turn?.turned !== 'ejected') return t.fail('not ejected')
    lengths.push(turn.forMs)
    const [back] = detection.advance(now + turn.forMs)
    now = back!.at
  }
  t.strictSame(lengths, [10_000, 20_000, 25_000, 25_000, 25_000])
  t.equal(detection.ejectionsInARow(0), 4, 'it does not grow where time no longer does')
  detection.advance(now + 999)
  t.equal(detection.ejectionsInARow(0), 4)
  detection.advance(now + 2000)
  t.equal(detection.ejectionsInARow(0), 2)
  detection.advance(now + 9000)
  t.equal(detection.ejectionsInARow(0), 0)
  t.match(after(detection, times(5, answered(500)), now + 9000), [{ forMs: 10_000 }])
})

test('the most is 300 s, or the base where that is longer', async (t) => {
  const forMs = (base_ejection_time: string) =>
    after(detectionOf({ base_ejection_time }), times(5, answered(500))).map((turn) => 'forMs' in turn && turn.forMs)
  t.strictSame(forMs('200s'), [200_000])
  t.strictSame(forMs('400s'), [400_000])
})

test('jitter comes on top', async (t) => {
  const draws = [0, 0.5]
  const draw = () => draws.shift()!
  const detection = detectionOf({ max_ejection_time_jitter: '10s' }, { draw })
  t.match(after(detection, times(5, answered(500))), [{ forMs: 35_000 }])
})

test('a share of what is detected is enforced, by the draw', async (t) => {
  const at = (drawn: number) =>
    ejections(after(detectionOf({ enforcing_consecutive_5xx: '40%' }, { draw: () => drawn }), times(5, answered(500))))
  t.strictSame(at(0.39), ['consecutive_5xx'])
  t.strictSame(at(0.4), [])
  const never = detectionOf({ enforcing_consecutive_5xx: '0%' })
  t.strictSame(after(never, times(50, answered(500))), [])
})

test('no more than the percentage are out, but for the first', async (t) => {
  const out = (input: Input, hosts: number): number => {
    const detection = detectionOf(input, { hosts })
    for (let host = 0; host < hosts; host++) for (let i = 0; i < 5; i++) detection.report(host, answered(500), 1)
    return Array.from({ length: hosts }, (_, host) => detection.isEjected(host)).filter(Boolean).length
  }
  t.equal(out({}, 3), 1)
  t.equal(out({}, 10), 1)
  t.equal(out({}, 20), 2)
  t.equal(out({ max_ejection_percent: '50%' }, 4), 2)
  t.equal(out({ max_ejection_percent: '66%' }, 3), 1)
  t.equal(out({ max_ejection_percent: '30%' }, 10), 3)
  t.equal(out({ max_ejection_percent: '100%' }, 4), 4)
  t.equal(out({ max_ejection_percent: '0%' }, 4), 1)
  t.equal(out({ max_ejection_percent: '0%', always_eject_one_host: false }, 4), 0)
  t.equal(out({ always_eject_one_host: false }, 3), 0, 'as Envoy has it since 1.28')
})

test('an active check that passes ends an ejection, unless it may not', async (t) => {
  const detection = detectionOf()
  after(detection, times(5, answered(500)))
  t.strictSame(detection.checkPassed(1, 2), [])
  t.strictSame(detection.checkPassed(0, 3), [{ host: 0, at: 3, turned: 'returned' }])
  t.notOk(detection.isEjected(0))
  const stern = detectionOf({ successful_active_health_check_uneject_host: false })
  after(stern, times(5, answered(500)))
  t.strictSame(stern.checkPassed(0, 3), [])
  t.ok(stern.isEjected(0))
})

test('who left is not counted, and who joins has done nothing', async (t) => {
  const detection = detectionOf({ max_ejection_percent: '50%' }, { hosts: 4 })
  after(detection, times(5, answered(500)))
  detection.setMember(0, false)
  t.notOk(detection.isEjected(0))
  for (let i = 0; i < 5; i++) detection.report(1, answered(500), 2)
  for (let i = 0; i < 5; i++) detection.report(2, answered(500), 2)
  t.strictSame([detection.isEjected(1), detection.isEjected(2)], [true, false], 'one of three is the most')
  detection.setMember(0, true)
  t.equal(detection.ejectionsInARow(0), 0)
})

test('success rates: the documentation’s own example, and who is enough', async (t) => {
  t.equal(lowest([50, 100, 100, 100, 100], 1.9), 52)
  const limits = {
    successRate: { hosts: 5, volume: 100, deviations: 1.9 },
    failures: { hosts: 5, volume: 50, percent: 85 },
  }
  const of = (good: number, total = 100) => ({ good, total })
  const four = [of(100), of(100), of(100), of(100)]
  t.strictSame(failing([of(50), ...four], 5, limits), { low: [0], often: [] })
  t.strictSame(failing([of(15), ...four], 5, limits), { low: [0], often: [0] })
  t.strictSame(failing([of(50, 99), ...four], 5, limits), { low: [], often: [] }, 'one request short of a rate')
  t.strictSame(failing([of(7, 49), ...four], 5, limits), { low: [], often: [] }, 'too few to count')
  t.strictSame(failing([of(7, 50), ...four], 5, limits), { low: [], often: [0] })
  t.strictSame(failing([of(0), ...four.slice(1)], 4, limits), { low: [], often: [] }, 'four servers')
  t.strictSame(failing([undefined, ...four, of(0)], 6, limits), { low: [5], often: [5] }, 'one that is out')
  t.strictSame(failing([of(80), of(80), of(80), of(80), of(80)], 5, limits), { low: [], often: [] }, 'all alike')
})

test('rates are those of an interval, and eject at its end', async (t) => {
  const rates = { consecutive_5xx: 0, success_rate_request_volume: 10 } as const
  const run = (input: Input, bad: Outcome, good: Outcome, volume = 10) => {
    const detection = detectionOf({ ...rates, ...input }, { hosts: 5 })
    for (let host = 0; host < 5; host++)
      for (let i = 0; i < volume; i++) detection.report(host, host === 3 ? bad : good, 9_999)
    return detection.advance(10_000)
  }
  const ejected = (why: EjectionReason) => [{ host: 3, at: 10_000, turned: 'ejected', why, forMs: 30_000 }]
  t.strictSame(run({}, answered(500), answered(200)), ejected('success_rate'))
  t.strictSame(run({ enforcing_success_rate: '0%' }, answered(500), answered(200)), [])
  const failures = { enforcing_success_rate: '0%', enforcing_failure_percentage: '100%' } as const
  t.strictSame(run(failures, answered(500), answered(200)), [], 'fifty are needed')
  t.strictSame(run(failures, answered(500), answered(200), 50), ejected('failure_percentage'))
  const split = { split_external_local_origin_errors: true, consecutive_local_origin_failure: 0 }
  t.strictSame(run(split, UNREACHED, CONNECTED), ejected('local_origin_success_rate'))
  const local = { ...split, enforcing_local_origin_success_rate: '0%' } as const
  const failing = { ...local, enforcing_failure_percentage_local_origin: '100%' } as const
  t.strictSame(run(failing, LATE, CONNECTED, 50), ejected('failure_percentage_local_origin'))
})

test('what came before the interval does not count in it', async (t) => {
  const detection = detectionOf({ consecutive_5xx: 0, success_rate_request_volume: 10 }, { hosts: 5 })
  const ask = (bad: number, now: number) => {
    for (let host = 0; host < 5; host++)
      for (let i = 0; i < 5; i++) detection.report(host, answered(host === bad ? 500 : 200), now)
  }
  ask(3, 9_000)
  ask(3, 11_000)
  t.strictSame(detection.advance(30_000), [], 'five and five are not ten')
})
