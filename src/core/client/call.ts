/**
 * One request of a client's caller as a state machine: facts go in, steps come out. An engine carries them out, waits
 * with one alarm, and reports back. It knows no clock and no socket; what an outcome is worth to the policy, turns.ts says.
 */
import { invariant } from '../../lib/errors.js'
import type { Admission, Ask } from './admission/index.js'
import { type HedgeConfig, hedgesOf } from './hedge.js'
import { type Outcome, wordOf } from './outcome.js'
import { decide, type Step, type Why } from './step.js'
import { createTurns, type RetrySettings, type Turns } from './turns.js'

export interface CallSettings extends RetrySettings {
  hedge: HedgeConfig | undefined
  /** Every attempt is preceded by a health check. */
  healthFirst: boolean
  /** There is another hop for a last attempt. */
  fallback: boolean
}

/** What the requests of one client share. */
export interface Surroundings {
  admission: Admission
  /** In [0, 1). @param n the turn of the policy, or the attempt that is asked for */
  draw(purpose: 'retry' | 'admission', n: number): number
  /** Unix milliseconds when `now_ms` was 0, for dates. */
  epochMs: number
}

export interface Call {
  /** @param asked_ms since when the caller waits; the deadline counts from then */
  begin(now_ms: number, asked_ms?: number): Step[]
  ended(attempt: number, outcome: Outcome, now_ms: number): Step[]
  checked(attempt: number, ok: boolean, now_ms: number): Step[]
  /** Some time has passed: too early is no harm. */
  tick(now_ms: number): Step[]
}

export const createCall = (settings: CallSettings, surroundings: Surroundings): Call =>
  new Request(settings, surroundings)

/** An attempt that was granted and has not ended. */
interface Open {
  attempt: number
  /** Undefined for the fallback: what guards a hop has no say in another one. */
  ask: Ask | undefined
  hedge: boolean
  stage: 'delayed' | 'checking' | 'sent'
  /** When a delayed one goes on. */
  dueMs: number
}

type Phase =
  | { at: 'new' | 'falling_back' | 'done' }
  /** Between two turns of the policy. */
  | { at: 'waiting'; untilMs: number }
  | Trying

/** One turn of the policy: an attempt and those beside it. */
interface Trying {
  at: 'trying'
  hedgesLeft: number
  hedgeAtMs: number
}

class Request implements Call {
  private phase: Phase = { at: 'new' }
  private readonly open = new Map<number, Open>()
  /** Left to end by themselves when the request had done with them. */
  private readonly left = new Map<number, Open>()
  private attempts = 0
  /** The outcome that the next attempt follows, and whose it was, if it was sent. */
  private last: Outcome | undefined
  private lastAttempt: number | undefined
  /** The server wants to be left alone until then. */
  private notBeforeMs = Number.NEGATIVE_INFINITY
  private deadlineMs = Number.POSITIVE_INFINITY
  private alarmMs = Number.POSITIVE_INFINITY
  private readonly turns: Turns

  constructor(
    private readonly settings: CallSettings,
    private readonly surroundings: Surroundings,
  ) {
    this.turns = createTurns(settings, (n) => surroundings.draw('retry', n))
  }

  begin(now: number, asked = now): Step[] {
    invariant(this.phase.at === 'new', 'a request begins once')
    this.deadlineMs = asked + this.turns.deadlineMs
    const steps: Step[] = []
    if (now >= this.deadlineMs) this.finish(steps, false, 'deadline', now)
    else this.takeTurn(steps, now)
    return this.armed(steps, now)
  }

  ended(attempt: number, outcome: Outcome, now: number): Step[] {
    const one = this.open.get(attempt)
    if (!one) return this.late(attempt, outcome, now)
    const steps: Step[] = []
    this.over(steps, one, outcome, now)
    return this.armed(steps, now)
  }

  checked(attempt: number, ok: boolean, now: number): Step[] {
    const one = this.open.get(attempt)
    if (one?.stage !== 'checking') return []
    const steps: Step[] = []
    // The check has ended: there is nothing to close.
    one.stage = 'delayed'
    if (now >= this.deadlineMs) this.cut(steps, now)
    else if (ok) this.send(steps, one, now)
    else this.over(steps, one, { unhealthy: true }, now)
    return this.armed(steps, now)
  }

  tick(now: number): Step[] {
    const { phase } = this
    const steps: Step[] = []
    this.alarmMs = Number.POSITIVE_INFINITY
    if (now >= this.deadlineMs) this.cut(steps, now)
    else if (phase.at === 'waiting' && now >= phase.untilMs) this.takeTurn(steps, now)
    else {
      for (const one of this.open.values()) if (isDue(one, now)) this.proceed(steps, one, now)
      if (phase.at === 'trying' && now >= phase.hedgeAtMs) this.hedge(steps, phase, now)
    }
    return this.armed(steps, now)
  }

  private takeTurn(steps: Step[], now: number): void {
    this.turns.begin()
    this.phase = { at: 'trying', hedgesLeft: hedgesOf(this.settings.hedge), hedgeAtMs: Number.POSITIVE_INFINITY }
    const refused = this.launch(steps, false, now)
    if (refused !== undefined) this.giveUp(steps, 'refused', now, refused)
  }

  /** The next one beside those that are on their way. Where one is refused, the turn has no more of them. */
  private hedge(steps: Step[], phase: Trying, now: number): void {
    phase.hedgesLeft--
    phase.hedgeAtMs = Number.POSITIVE_INFINITY
    if (this.launch(steps, true, now) === undefined) return
    phase.hedgesLeft = 0
    if (this.open.size === 0) this.turnOver(steps, now)
  }

  /** @returns who is against it */
  private launch(steps: Step[], hedge: boolean, now: number): string | undefined {
    const { admission, draw } = this.surroundings
    const n = this.attempts + 1
    const ask: Ask = { n, hedge, now_ms: now, draw: draw('admission', n), after: hedge ? undefined : this.last }
    const granted = admission.admit(ask)
    if (!granted.admit) return granted.why
    this.attempts = n
    const one: Open = { attempt: n, ask, hedge, stage: 'delayed', dueMs: now + (granted.after_ms ?? 0) }
    this.open.set(n, one)
    if (isDue(one, now)) this.proceed(steps, one, now)
    return undefined
  }

  private proceed(steps: Step[], one: Open, now: number): void {
    if (!this.settings.healthFirst) return this.send(steps, one, now)
    one.stage = 'checking'
    steps.push({ do: 'check', attempt: one.attempt })
  }

  private send(steps: Step[], one: Open, now: number): void {
    const { phase } = this
    one.stage = 'sent'
    const { attempt, hedge, ask } = one
    steps.push({ do: 'send', attempt, ...(hedge && { hedge }), ...(ask === undefined && { to: 'fallback' }) })
    if (phase.at === 'trying' && phase.hedgesLeft > 0)
      phase.hedgeAtMs = Math.max(now + this.settings.hedge!.after, this.notBeforeMs)
  }

  private over(steps: Step[], one: Open, outcome: Outcome, now: number): void {
    const { attempt } = one
    this.open.delete(attempt)
    const verdict = this.turns.of(outcome)
    const ok = verdict === 'success'
    const fallback = this.phase.at === 'falling_back'
    const wish = ok ? undefined : this.turns.retryAfter(outcome, this.surroundings.epochMs + now)
    this.settle(one, outcome, ok, now)
    this.last = outcome
    this.lastAttempt = outcome.unhealthy ? undefined : attempt
    steps.push({ do: 'decided', attempt, decision: verdict, ok })
    if (ok || verdict === 'gave_up') return this.finish(steps, ok, verdict, now)
    if (now >= this.deadlineMs) return this.finish(steps, false, 'deadline', now)
    if (fallback) return this.finish(steps, false, 'fallback_failed', now)
    if (verdict !== 'again') return this.giveUp(steps, verdict, now)
    if (wish?.give_up) return this.giveUp(steps, 'retry_after', now)
    if (wish) this.holdBack(now + wish.wait_ms)
    this.goOn(steps, outcome, now, wish?.asked_ms)
  }

  /** Nothing more goes out before then: no hedge that was due sooner, nor what an admission has delayed. */
  private holdBack(untilMs: number): void {
    const { phase } = this
    this.notBeforeMs = Math.max(this.notBeforeMs, untilMs)
    if (phase.at === 'trying') phase.hedgeAtMs = Math.max(phase.hedgeAtMs, this.notBeforeMs)
    for (const one of this.open.values()) if (one.stage === 'delayed') one.dueMs = Math.max(one.dueMs, this.notBeforeMs)
  }

  /** Another attempt may mend it: one beside it goes at once (gRFC A6), or at the end of the turn the policy decides. */
  private goOn(steps: Step[], outcome: Outcome, now: number, askedMs: number | undefined): void {
    const { phase } = this
    invariant(phase.at === 'trying', 'an attempt that fails is one of a turn')
    const mayHedge = phase.hedgesLeft > 0 && this.notBeforeMs < this.deadlineMs
    if (!mayHedge && this.open.size === 0) return this.turnOver(steps, now, askedMs)
    decide(steps, `others: ${wordOf(outcome)}`)
    if (!mayHedge) return
    phase.hedgeAtMs = Math.max(now, this.notBeforeMs)
    decide(steps, `hedge: ${wordOf(outcome)}`, phase.hedgeAtMs - now)
    if (now >= phase.hedgeAtMs) this.hedge(steps, phase, now)
  }

  /** All attempts of a turn have failed. @param askedMs what the Retry-After of the one that did so now says */
  private turnOver(steps: Step[], now: number, askedMs?: number): void {
    const next = this.turns.next(askedMs)
    if ('done' in next) return this.giveUp(steps, next.done, now)
    const untilMs = Math.max(now + next.wait_ms, this.notBeforeMs)
    if (untilMs >= this.deadlineMs) return this.giveUp(steps, 'deadline', now)
    decide(steps, `again: ${wordOf(this.last!)}`, untilMs - now)
    this.phase = { at: 'waiting', untilMs }
  }

  /** It would end with a failure: unless there is another hop to ask. */
  private giveUp(steps: Step[], why: Why, now: number, refused?: string): void {
    if (!this.settings.fallback || now >= this.deadlineMs) return this.finish(steps, false, why, now, refused)
    decide(steps, `fallback: ${refused ?? why}`)
    this.letGo(steps, why, now)
    this.phase = { at: 'falling_back' }
    const attempt = ++this.attempts
    const one: Open = { attempt, ask: undefined, hedge: false, stage: 'sent', dueMs: now }
    this.open.set(attempt, one)
    this.send(steps, one, now)
  }

  private finish(steps: Step[], ok: boolean, why: Why, now: number, refused?: string): void {
    decide(steps, refused === undefined ? why : `${why}: ${refused}`)
    this.letGo(steps, why, now)
    this.phase = { at: 'done' }
    const attempt = this.lastAttempt
    steps.push({
      do: 'done',
      ok,
      why,
      ...(attempt !== undefined && { attempt }),
      ...(refused !== undefined && { refused }),
    })
  }

  /** The deadline: nothing of it goes on. */
  private cut(steps: Step[], now: number): void {
    for (const one of this.left.values()) this.cancel(steps, one, 'deadline', now)
    this.left.clear()
    if (this.phase.at === 'done') return
    if (this.open.size > 0) this.lastAttempt = undefined
    this.finish(steps, false, 'deadline', now)
  }

  /** Nobody waits any more for those that are still on their way. */
  private letGo(steps: Step[], why: Why, now: number): void {
    const stays = why !== 'deadline' && why !== 'gave_up' && this.settings.hedge?.cancel === false
    for (const one of this.open.values()) {
      if (stays && one.stage === 'sent') this.left.set(one.attempt, one)
      else this.cancel(steps, one, why, now)
    }
    this.open.clear()
  }

  private cancel(steps: Step[], one: Open, why: Why, now: number): void {
    if (one.stage !== 'delayed') steps.push({ do: 'cancel', attempt: one.attempt, why })
    // What had not answered when the time was over has failed; of another attempt's loser nothing is known.
    if (why === 'deadline' && one.stage === 'sent') return this.settle(one, { gaveUp: true }, false, now)
    const { ask } = one
    if (ask) this.surroundings.admission.ended({ ask, now_ms: now, outcome: {}, ok: false, cancelled: true })
  }

  private settle({ ask }: Open, outcome: Outcome, ok: boolean, now: number): void {
    if (ask) this.surroundings.admission.ended({ ask, now_ms: now, outcome, ok })
  }

  private late(attempt: number, outcome: Outcome, now: number): Step[] {
    const one = this.left.get(attempt)
    if (!one) return []
    this.left.delete(attempt)
    const ok = this.turns.of(outcome) === 'success'
    this.settle(one, outcome, ok, now)
    return [{ do: 'decided', attempt, decision: 'too_late', ok }]
  }

  /** With the alarm, where it is another one than before. */
  private armed(steps: Step[], now: number): Step[] {
    const dueMs = this.nextDueMs()
    if (dueMs < Number.POSITIVE_INFINITY && dueMs !== this.alarmMs)
      steps.push({ do: 'wait', ms: Math.max(0, dueMs - now) })
    this.alarmMs = dueMs
    return steps
  }

  private nextDueMs(): number {
    const { phase, deadlineMs } = this
    if (phase.at === 'done') return this.left.size > 0 ? deadlineMs : Number.POSITIVE_INFINITY
    const delayed = [...this.open.values()].filter(({ stage }) => stage === 'delayed').map(({ dueMs }) => dueMs)
    const own =
      phase.at === 'waiting' ? phase.untilMs : phase.at === 'trying' ? phase.hedgeAtMs : Number.POSITIVE_INFINITY
    return Math.min(deadlineMs, own, ...delayed)
  }
}

const isDue = ({ stage, dueMs }: Open, now: number): boolean => stage === 'delayed' && now >= dueMs
