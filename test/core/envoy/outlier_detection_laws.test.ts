/** What holds of outlier detection for any settings and any history. */
import fc from 'fast-check'
import { test } from 'tap'
import {
  type Outcome,
  OutlierDetection,
  outlierDetectionSchema,
  type Turn,
} from '../../../src/core/proxy/envoy/outlier_detection.js'

interface Case {
  hosts: number
  percent: number
  always: boolean
  split: boolean
  baseMs: number
  longestMs: number
  jitterMs: number
  intervalMs: number
}

const settings: fc.Arbitrary<Case> = fc
  .record({
    hosts: fc.integer({ min: 1, max: 12 }),
    percent: fc.nat(100),
    always: fc.boolean(),
    split: fc.boolean(),
    baseMs: fc.integer({ min: 1, max: 5000 }),
    moreMs: fc.nat(20_000),
    jitterMs: fc.nat(500),
    intervalMs: fc.integer({ min: 50, max: 5000 }),
  })
  .map(({ moreMs, ...all }) => ({ ...all, longestMs: all.baseMs + moreMs }))

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Outcome>({ is: 'unreached' }, { is: 'late' }, { is: 'connected' }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(200, 404, 500, 502, 503, 504).map((status): Outcome => ({ is: 'answered', status })),
  },
)
type Step = { host: number; waitMs: number; outcome: Outcome; times: number; check: boolean }
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    host: fc.nat(11),
    waitMs: fc.nat(3000),
    outcome,
    times: fc.integer({ min: 1, max: 12 }),
    check: fc.boolean(),
  }),
  { maxLength: 60 },
)

const detectionOf = (input: Case, draws: () => number) =>
  new OutlierDetection(
    outlierDetectionSchema.parse({
      max_ejection_percent: `${input.percent}%`,
      always_eject_one_host: input.always,
      split_external_local_origin_errors: input.split,
      base_ejection_time: `${input.baseMs}ms`,
      max_ejection_time: `${input.longestMs}ms`,
      max_ejection_time_jitter: `${input.jitterMs}ms`,
      interval: `${input.intervalMs}ms`,
      enforcing_consecutive_5xx: '80%',
      enforcing_consecutive_gateway_failure: '80%',
      success_rate_request_volume: 5,
      enforcing_failure_percentage: '50%',
      failure_percentage_request_volume: 5,
    }),
    input.hosts,
    draws,
  )

/** Any draws, the same for the same seed. */
function drawing(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x1_0000_0000
  }
}

/** Goes through the history, and lets `look` see the state after every step. */
function run(input: Case, history: Step[], seed: number, look: (seen: Seen) => void): OutlierDetection {
  const detection = detectionOf(input, drawing(seed))
  detection.advance(0)
  let now = 0
  for (const step of history) {
    now += step.waitMs
    const host = step.host % input.hosts
    const turns: Turn[] = []
    for (let i = 0; i < step.times; i++) turns.push(...detection.report(host, step.outcome, now))
    if (step.check) turns.push(...detection.checkPassed(host, now))
    look({ detection, now, turns })
  }
  return detection
}
interface Seen {
  detection: OutlierDetection
  now: number
  turns: Turn[]
}

const out = (detection: OutlierDetection, hosts: number): number =>
  Array.from({ length: hosts }, (_, host) => detection.isEjected(host)).filter(Boolean).length

test('never are more ejected than the percentage says, but for the one that always may be', async (t) => {
  fc.assert(
    fc.property(settings, steps, fc.nat(), (input, history, seed) => {
      const most = Math.max(input.always ? 1 : 0, Math.floor((input.percent * input.hosts) / 100))
      let within = true
      run(input, history, seed, ({ detection }) => {
        within &&= out(detection, input.hosts) <= most
      })
      return within
    }),
    { seed: 8, numRuns: 300 },
  )
  t.pass()
})

test('no ejection is longer than the most and the jitter, and none is over before the base', async (t) => {
  fc.assert(
    fc.property(settings, steps, fc.nat(), (input, history, seed) => {
      const since = new Map<number, { at: number; forMs: number }>()
      let within = true
      run(
        input,
        history.map((step) => ({ ...step, check: false })),
        seed,
        ({ detection, now, turns }) => {
          for (const turn of turns) {
            const ejection = since.get(turn.host)
            if (turn.turned === 'ejected') {
              within &&= turn.forMs >= input.baseMs && turn.forMs <= input.longestMs + input.jitterMs
              within &&= ejection === undefined
              since.set(turn.host, turn)
            } else {
              const ms = turn.at - ejection!.at
              // It returns with the first look after its time.
              within &&= ms >= ejection!.forMs && ms < ejection!.forMs + input.intervalMs
              since.delete(turn.host)
            }
          }
          for (const [host, { at, forMs }] of since) {
            within &&= detection.isEjected(host) && now < at + forMs + input.intervalMs
          }
        },
      )
      return within
    }),
    { seed: 8, numRuns: 300 },
  )
  t.pass()
})

test('whatever has happened, everybody returns, and in time nothing of it is left', async (t) => {
  fc.assert(
    fc.property(settings, steps, fc.nat(), (input, history, seed) => {
      let last = 0
      const detection = run(input, history, seed, ({ now }) => {
        last = now
      })
      const back = last + input.longestMs + input.jitterMs + input.intervalMs
      detection.advance(back)
      const allIn = out(detection, input.hosts) === 0
      const inARow = Math.ceil(input.longestMs / input.baseMs) + 1
      detection.advance(back + (inARow + 2) * input.intervalMs)
      return (
        allIn && Array.from({ length: input.hosts }, (_, host) => detection.ejectionsInARow(host)).every((n) => n === 0)
      )
    }),
    { seed: 8, numRuns: 300 },
  )
  t.pass()
})

test('looking more often changes nothing', async (t) => {
  fc.assert(
    fc.property(settings, steps, fc.nat(), (input, history, seed) => {
      const told: Turn[][] = [[], []]
      run(input, history, seed, ({ turns }) => told[0]!.push(...turns))
      const restless = detectionOf(input, drawing(seed))
      restless.advance(0)
      let now = 0
      for (const step of history) {
        for (const end = now + step.waitMs; now < end; now = Math.min(end, now + 37))
          told[1]!.push(...restless.advance(now))
        for (let i = 0; i < step.times; i++)
          told[1]!.push(...restless.report(step.host % input.hosts, step.outcome, now))
        if (step.check) told[1]!.push(...restless.checkPassed(step.host % input.hosts, now))
      }
      return JSON.stringify(told[0]) === JSON.stringify(told[1])
    }),
    { seed: 8, numRuns: 100 },
  )
  t.pass()
})
