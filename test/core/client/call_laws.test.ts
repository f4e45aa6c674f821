/** What holds for a request whatever happens: laws over random settings and random orders of events. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import type { Admission, Ask } from '../../../src/core/client/admission/index.js'
import { type CallSettings, createCall } from '../../../src/core/client/call.js'
import { hedgeSchema } from '../../../src/core/client/hedge.js'
import type { Outcome } from '../../../src/core/client/outcome.js'
import { policies, type RetryPolicy } from '../../../src/core/client/policies/index.js'
import type { Step } from '../../../src/core/client/step.js'
import type { Failure } from '../../../src/core/failure.js'

const reset: Failure = { type: 'connection_terminated', stage: 'response_head', manner: 'reset', details: 'reset' }

const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const outcomes = fc.constantFrom<Outcome>(
  { status: 200 },
  { status: 404 },
  { status: 503 },
  { status: 429, retryAfter: '1' },
  { status: 503, retryAfter: '0' },
  { status: 503, retryAfter: '-1' },
  { status: 503, retryAfter: '86400' },
  { status: 503, retryAfter: 'Thu, 01 Jan 1970 00:00:02 GMT' },
  { failure: reset },
  { gaveUp: true },
)

const settings = fc
  .record({
    attempts: fc.constantFrom<number | 'unlimited' | undefined>(undefined, 1, 2, 3, 5, 'unlimited'),
    deadline: fc.constantFrom(undefined, '50ms', '3s'),
    hedges: fc.constantFrom(undefined, 2, 3),
    cancel: fc.boolean(),
    healthFirst: fc.boolean(),
    fallback: fc.boolean(),
    method: fc.constantFrom('GET', 'POST'),
    keyed: fc.boolean(),
  })
  .map(({ attempts, deadline, hedges, cancel, ...rest }): CallSettings => {
    const bounded = { ...(deadline !== undefined && { deadline }), ...(attempts === 'unlimited' && { deadline: '3s' }) }
    const backoff = { type: 'full_jitter', base: '20ms', cap: '1s', attempts, ...bounded }
    const retry: RetryPolicy =
      attempts === undefined ? policies.none.schema.parse({ type: 'none' }) : policies.full_jitter.schema.parse(backoff)
    const hedge = hedges === undefined ? undefined : hedgeSchema.parse({ after: '10ms', attempts: hedges, cancel })
    return { retry, hedge, ...rest }
  })

/** What happens next, as numbers that choose among what is possible then. */
const happenings = fc.array(
  fc.record({
    act: fc.constantFrom('end', 'check', 'tick', 'late', 'stray'),
    which: fc.nat(),
    passes: fc.constantFrom(0, 1, 9, 30, 400, 2500),
    outcome: outcomes,
    well: fc.boolean(),
  }),
  { minLength: 60, maxLength: 60 },
)

/** Grants as the draws say, and keeps books: whatever it granted must end once. */
function keeping(refuses: number, delays: number) {
  const open = new Set<Ask>()
  const admission: Admission = {
    admit(ask) {
      if (ask.draw < refuses) return { admit: false, why: 'token_bucket' }
      open.add(ask)
      return ask.draw > 1 - delays ? { admit: true, after_ms: 15 } : { admit: true }
    },
    ended({ ask }) {
      assert.ok(open.delete(ask), 'what was granted ends once')
    },
  }
  return { open, admission }
}

/** A world that carries out steps and checks each one against the laws. */
class World {
  now = 0
  readonly flying = new Map<number, { hedge: boolean; fallback: boolean }>()
  readonly checking = new Set<number>()
  readonly wellChecked = new Set<number>()
  readonly cancelled = new Set<number>()
  readonly left = new Set<number>()
  done = 0
  sent = 0
  private notBefore = 0
  private readonly seen = new Set<number>()

  constructor(private readonly settings: CallSettings) {}

  get deadline(): number {
    const { retry } = this.settings
    return ('deadline' in retry ? retry.deadline : undefined) ?? Number.POSITIVE_INFINITY
  }

  carryOut(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.do === 'send') this.send(step)
      else if (step.do === 'check') {
        this.begins(step.attempt)
        this.checking.add(step.attempt)
      } else if (step.do === 'cancel') this.cancel(step.attempt)
      else if (step.do === 'wait') assert.ok(step.ms >= 0 && Number.isFinite(step.ms), `waits ${step.ms} ms`)
      else if (step.do === 'done') {
        this.done++
        for (const attempt of this.flying.keys()) this.left.add(attempt)
      }
    }
    assert.ok(this.done <= 1, 'done once')
  }

  /** Its Retry-After holds from now on, where the policy heeds it. */
  heard(outcome: Outcome): void {
    if (outcome.retryAfter === '1') this.notBefore = Math.max(this.notBefore, this.now + 1000)
  }

  private send({ attempt, hedge, to }: Extract<Step, { do: 'send' }>): void {
    if (!this.wellChecked.delete(attempt)) {
      assert.ok(!this.settings.healthFirst || to, 'nothing is sent without its check')
      this.begins(attempt, to === 'fallback')
    }
    const unhedged = [...this.flying.values()].filter((one) => !one.hedge)
    // Those that were left to end by themselves count no more when the fallback is asked.
    if (!hedge && to === undefined) assert.equal(unhedged.length, 0, 'never two at once that are no hedges')
    this.flying.set(attempt, { hedge: hedge === true, fallback: to === 'fallback' })
    this.sent++
  }

  private begins(attempt: number, fallback = false): void {
    assert.equal(this.done, 0, 'nothing begins when it is done')
    assert.ok(this.now < this.deadline, 'nothing begins after the deadline')
    if (!fallback) assert.ok(this.now >= this.notBefore, 'nothing begins before Retry-After')
    assert.ok(!this.seen.has(attempt) || fallback, 'a number is given once')
    this.seen.add(attempt)
  }

  private cancel(attempt: number): void {
    assert.ok(this.flying.delete(attempt) || this.checking.delete(attempt), 'only what is under way is cancelled')
    this.left.delete(attempt)
    this.cancelled.add(attempt)
  }
}

test('whatever happens, in whatever order', async () => {
  fc.assert(
    fc.property(settings, happenings, draw, draw, fc.infiniteStream(draw), (config, events, refuses, delays, draws) => {
      const { open, admission } = keeping(refuses / 3, delays / 3)
      const call = createCall(config, { admission, draw: () => draws.next().value!, epochMs: 0 })
      const world = new World(config)
      world.carryOut(call.begin(0))
      const pick = (from: Iterable<number>, which: number) => [...from].at(which % Math.max(1, [...from].length))
      for (const { act, which, passes, outcome, well } of events) {
        world.now += passes
        const flying = pick(world.flying.keys(), which)
        const checking = pick(world.checking, which)
        if (act === 'end' && flying !== undefined) {
          const { fallback } = world.flying.get(flying)!
          world.flying.delete(flying)
          const wasDone = world.done
          if (!fallback && !wasDone) world.heard(outcome)
          const steps = call.ended(flying, outcome, world.now)
          assert.equal(steps[0]?.do, 'decided', 'an end is told first')
          if (wasDone)
            assert.ok(
              steps.every((step) => step.do === 'decided'),
              'a late outcome changes nothing',
            )
          world.carryOut(steps)
        } else if (act === 'check' && checking !== undefined) {
          world.checking.delete(checking)
          if (well) world.wellChecked.add(checking)
          world.carryOut(call.checked(checking, well, world.now))
        } else if (act === 'late') {
          const gone = pick(world.cancelled, which)
          if (gone !== undefined)
            assert.deepEqual(call.ended(gone, outcome, world.now), [], 'after a cancel nobody listens')
        } else if (act === 'stray') assert.deepEqual(call.ended(10_000, outcome, world.now), [])
        else world.carryOut(call.tick(world.now))
      }
      // The clock goes on, and whatever is left ends.
      for (let round = 0; round < 20_000 && (world.done === 0 || world.flying.size > 0); round++) {
        world.now += 1000
        const flying = pick(world.flying.keys(), 0)
        const checking = pick(world.checking, 0)
        if (flying !== undefined) {
          world.flying.delete(flying)
          world.carryOut(call.ended(flying, { status: 503 }, world.now))
        } else if (checking !== undefined) {
          world.checking.delete(checking)
          world.carryOut(call.checked(checking, false, world.now))
        } else world.carryOut(call.tick(world.now))
      }
      assert.equal(world.done, 1, 'it ends')
      assert.equal(open.size, 0, 'and so does all that was granted')
      assert.ok(world.sent <= bound(config), `${world.sent} sent of ${bound(config)}`)
    }),
    { numRuns: 2000 },
  )
})

function bound({ retry, hedge, fallback }: CallSettings): number {
  const turns = 'attempts' in retry ? (retry.attempts === 'unlimited' ? Number.POSITIVE_INFINITY : retry.attempts) : 1
  return turns * (hedge?.attempts ?? 1) + (fallback ? 1 : 0)
}
