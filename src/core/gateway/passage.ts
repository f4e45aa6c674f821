/**
 * One request or tunnel on its way through a gateway, as a state machine: facts in (it may start, a try has ended, the
 * wait is over), a step out. What all requests of the gateway share is routing.ts'.
 */

import { invariant } from '../../lib/errors.js'
import type { Failure } from '../failure.js'
import type { Exit } from './exits.js'
import { exitPoolExhausted, exitsFull, failureWord, targetPaused } from './failures.js'
import type { DecisionNote } from './notes.js'
import type { Observation } from './observation.js'
import { mayRepeat, type Sent } from './repeatable.js'
import type { Shared, Step, Waiter } from './shared.js'
import { burnRate, statusOf } from './signs.js'
import { type Decision, decide, type NextExit } from './strategies/index.js'

export interface PassageAsk {
  request: string
  target: string
  session?: string | undefined
  /** The gateway speaks no TLS itself: there is no profile to choose. */
  plain?: boolean
}

/** How a try ended; what an observation has of the pool is filled in. */
export type TryEnd = Omit<Observation, 'target' | 'exit' | 'subnet' | 'tag' | 'profile' | 't'>

export class Passage implements Waiter {
  readonly target: string
  private readonly tried: Exit[] = []
  private readonly spoken: string[] = []
  /** The next try, once it may go. */
  private next: { exit: NextExit; profile: 'usual' | 'same' | 'other' } = {
    exit: 'any',
    profile: 'usual',
  }
  private current: { exit: Exit; profile: string; probe: boolean } | undefined
  /** It may go as the one that finds out. */
  private gate: 'go' | 'probe' = 'go'
  /** What was decided of the last failure, until it is known what came of it. */
  private decided: DecisionNote | undefined

  constructor(
    private readonly shared: Shared,
    private readonly ask: PassageAsk,
    private readonly sinceMs: number,
  ) {
    this.target = ask.target
  }

  start(nowMs: number, draw: number): Step {
    return this.mayGo(nowMs) ? this.resume(nowMs, draw) : this.wait(nowMs)
  }

  /**
   * The try is over. @param failure what it failed with, if it did; absent for a response, whatever its status
   * @param sent what is known of the request, for whether it may be repeated
   */
  ended(end: TryEnd, failure: Failure | undefined, sent: Sent, nowMs: number, draw: number): Step {
    const seen = this.release(end, nowMs)
    this.tellDecided(statusOf(seen))
    if (seen.ok) return { do: 'answer' }
    const decision = this.decide(seen, nowMs, draw)
    this.carryOut(decision, seen, failure, nowMs)
    const again = decision.do === 'again' && mayRepeat(sent, failure?.stage)
    if (!again) return this.answer()
    this.next = { exit: decision.exit, profile: decision.profile }
    if (decision.after_ms > 0) return this.wait(nowMs + decision.after_ms)
    return this.start(nowMs, draw)
  }

  /** A tunnel stands: as far as its target's pause goes, it went well. It carries on until `ended`. */
  opened(nowMs: number): void {
    if (!this.current?.probe) return
    this.current.probe = false
    this.probed(true, nowMs)
  }

  /** Nobody wants it any more; a try that is under way is no sign of anything. */
  left(nowMs: number): void {
    this.shared.queue.leave(this)
    this.tellDecided(undefined)
    if (!this.current) return
    const { exit, probe } = this.current
    this.current = undefined
    this.shared.pool.ended(exit, { ok: true, now_ms: nowMs })
    if (probe) this.shared.pauses.probed(this.target, null, nowMs)
  }

  /** As far as pauses go. Whom it lets through must go, or say that it was left. */
  mayGo(nowMs: number): boolean {
    const gate = this.shared.pauses.pass(this.target, nowMs)
    if (gate === 'wait') return false
    this.gate = gate
    return true
  }

  /** The wait is over. */
  resume(nowMs: number, draw: number): Step {
    const exit = this.chooseExit(nowMs, draw)
    if (!exit) return this.without(nowMs)
    const { profiles, pool } = this.shared
    const profile = this.ask.plain
      ? ''
      : this.next.profile === 'other'
        ? profiles.other(this.target, this.spoken, nowMs)
        : (this.next.profile === 'same' && this.spoken.at(-1)) || profiles.usual(this.target, nowMs)
    this.current = { exit, profile, probe: this.gate === 'probe' }
    this.tried.push(exit)
    this.spoken.push(profile)
    pool.began(exit)
    return { do: 'try', exit, profile }
  }

  /** It has waited until its deadline. */
  late(): Step {
    return this.answer(this.tried.length > 0 ? undefined : targetPaused())
  }

  private wait(dueMs: number): Step {
    const entered = this.shared.queue.enter({ item: this, since_ms: this.sinceMs, due_ms: dueMs })
    if (entered === 'waiting') return { do: 'wait' }
    return this.answer(this.tried.length > 0 ? undefined : targetPaused())
  }

  private answer(failure?: Failure): Step {
    this.tellDecided(undefined)
    return failure ? { do: 'answer', failure } : { do: 'answer' }
  }

  private chooseExit(nowMs: number, draw: number): Exit | undefined {
    const { pool } = this.shared
    const { target, session } = this.ask
    const ask = { target, session, now_ms: nowMs, draw }
    const last = this.tried.at(-1)
    if (!last || this.next.exit === 'any') return pool.assign(ask)
    if (this.next.exit === 'same') return pool.again(last, ask) ?? pool.assign(ask)
    const subnets = new Set(this.tried.map(({ subnet }) => subnet))
    const near = pool.exits.filter(({ subnet }) => subnets.has(subnet))
    const elsewhere = this.next.exit === 'elsewhere' && pool.assign({ ...ask, avoid: idsOf(near) })
    return (
      elsewhere || pool.assign({ ...ask, avoid: idsOf(this.tried) }) || pool.assign({ ...ask, avoid: idsOf([last]) })
    )
  }

  /** There is no exit for it. A failure that is known says more than that. */
  private without(nowMs: number): Step {
    if (this.gate === 'probe') this.shared.pauses.probed(this.target, null, nowMs)
    if (this.tried.length > 0) return this.answer()
    const shortage = this.shared.pool.shortage({ target: this.target, now_ms: nowMs })
    return this.answer(shortage === 'exit_pool_exhausted' ? exitPoolExhausted() : exitsFull())
  }

  private release(end: TryEnd, nowMs: number): Observation {
    invariant(this.current, 'a try ended that had not begun')
    const { exit, profile, probe } = this.current
    this.current = undefined
    const { pool, recent } = this.shared
    const seen = { ...end, t: nowMs, target: this.target, exit: exit.id, subnet: exit.subnet, tag: exit.tag, profile }
    pool.ended(exit, { ok: end.ok, now_ms: nowMs })
    recent.add(seen)
    if (probe) this.probed(end.ok, nowMs)
    return seen
  }

  /** What was before the pause says nothing about the target as it is now. */
  private probed(ok: boolean, nowMs: number): void {
    const { pauses, recent, tell } = this.shared
    if (!pauses.probed(this.target, ok, nowMs)) return
    recent.forget(this.target)
    tell({ note: 'pause', target: this.target, state: 'resumed', why: 'probe_passed' })
  }

  private decide(seen: Observation, nowMs: number, draw: number): Decision {
    const { pool, profiles, recent, strategy } = this.shared
    const quarantined = new Set(pool.quarantined(this.target, nowMs))
    const facts = {
      n: this.tried.length,
      seen,
      recent: recent.of(this.target, nowMs),
      pool: {
        exits: pool.exits.filter(({ id }) => !quarantined.has(id)),
        profiles: this.ask.plain ? [] : profiles.open(this.target, nowMs),
      },
      all: { exits: pool.exits, profiles: profiles.profiles },
      now_ms: nowMs,
      draw,
    }
    return decide(strategy, facts)
  }

  private carryOut(decision: Decision, seen: Observation, failure: Failure | undefined, nowMs: number): void {
    const { target, shared } = this
    const { quarantine, pause, heuristic, strategy } = decision
    const status = statusOf(seen)
    this.decided = {
      note: 'decision',
      request: this.ask.request,
      target,
      exit: seen.exit,
      profile: seen.profile,
      n: this.tried.length,
      ...(status !== undefined && { failed_status: status }),
      failure: failureWord(failure, seen.status),
      heuristic,
      strategy,
      quarantined: quarantine?.exits.includes(seen.exit) ?? false,
    }
    if (quarantine) this.quarantine(quarantine, heuristic, nowMs)
    if (!pause) return
    for (const exit of pause.pardon) shared.pool.pardon(target, exit)
    if (shared.pauses.pause(target, pause, nowMs)) {
      shared.tell({ note: 'pause', target, state: 'paused', why: heuristic, since_ms: pause.since_ms })
    }
  }

  private quarantine(
    { exits, profiles, for_ms }: NonNullable<Decision['quarantine']>,
    why: Decision['heuristic'],
    nowMs: number,
  ): void {
    const { target, shared } = this
    const { pool, recent } = shared
    const fresh = exits.filter((id) => !pool.quarantined(target, nowMs).includes(id))
    for (const id of exits) pool.quarantine(target, { id }, nowMs + for_ms)
    const rate = burnRate(recent.of(target, nowMs), pool.exits.length - pool.quarantined(target, nowMs).length)
    const note = { note: 'quarantine', target, for_ms, why, burn_rate: rate } as const
    for (const exit of fresh) shared.tell({ ...note, exit })
    const spoken = shared.profiles.open(target, nowMs)
    for (const profile of profiles.filter((name) => spoken.includes(name))) {
      shared.profiles.quarantine(target, profile, nowMs + for_ms)
      shared.tell({ ...note, profile })
    }
  }

  private tellDecided(status: number | undefined): void {
    if (!this.decided) return
    this.shared.tell(status === undefined ? this.decided : { ...this.decided, status })
    this.decided = undefined
  }
}

const idsOf = (exits: readonly Exit[]): ReadonlySet<string> => new Set(exits.map(({ id }) => id))
