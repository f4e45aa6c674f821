/**
 * The exits of one gateway: which may be used for a target now, which of these gets a request, who is in quarantine. The
 * gateway asks it and tells it of every beginning and end. Time and draws are arguments.
 */
import { invariant } from '../../lib/errors.js'
import type { Assignment } from './assignments/index.js'
import type { Exit } from './exits.js'
import { Health } from './health.js'

export interface Ask {
  /** The destination that was asked for. */
  target: string
  /** A session keeps its exit while that may be used; then it gets another, and keeps that. */
  session?: string | undefined
  /** Ids of exits that it must not be. */
  avoid?: ReadonlySet<string> | undefined
  now_ms: number
  /** In [0, 1). */
  draw: number
}

/**
 * Why no exit is assigned: all are in quarantine for that target; those that are not carry as much as they may; or there
 * is none but those to avoid.
 */
export type Shortage = 'exit_pool_exhausted' | 'exit_pool_full' | 'no_other_exit'

/** Sessions whose exits are kept; of more, the one not heard of for longest is forgotten. */
const MOST_SESSIONS = 10_000

export class ExitPool {
  private readonly books: ReadonlyMap<string, { used: number; health: Health }>
  /** By target, then by exit: until when. */
  private readonly quarantines = new Map<string, Map<string, number>>()
  /** Exit ids by session. */
  private readonly sessions = new Map<string, string>()

  /** @param perExit no exit carries more, whatever its capacity */
  constructor(
    readonly exits: readonly Exit[],
    private readonly assignment: Assignment,
    private readonly perExit = Number.POSITIVE_INFINITY,
  ) {
    this.books = new Map(exits.map(({ id }) => [id, { used: 0, health: new Health() }]))
  }

  /** Undefined: none may be used; `shortage` says why. An exit that is assigned carries it from `began` on. */
  assign(ask: Ask): Exit | undefined {
    const candidates = this.exits.filter((exit) => this.may(exit, ask))
    if (candidates.length === 0) return undefined
    const exit = this.held(ask, candidates) ?? this.choose(ask, candidates)
    if (ask.session !== undefined) this.hold(ask.session, exit)
    return exit
  }

  /** The exit once more, if it may be used. */
  again(exit: Exit, ask: Pick<Ask, 'target' | 'now_ms'>): Exit | undefined {
    return this.may(exit, ask) ? exit : undefined
  }

  /** Why `assign` has none to give. */
  shortage({ target, avoid, now_ms }: Pick<Ask, 'target' | 'avoid' | 'now_ms'>): Shortage {
    const well = this.exits.filter((exit) => !this.isQuarantined(target, exit, now_ms))
    if (well.length === 0) return 'exit_pool_exhausted'
    return well.every(({ id }) => avoid?.has(id)) ? 'no_other_exit' : 'exit_pool_full'
  }

  began({ id }: Exit): void {
    this.bookOf(id).used++
  }

  ended({ id }: Exit, { ok, now_ms }: { ok: boolean; now_ms: number }): void {
    const book = this.bookOf(id)
    invariant(book.used > 0, `exit ${id} ended what it had not begun`)
    book.used--
    book.health.ended(ok, now_ms)
  }

  /** What an exit carries now. */
  used({ id }: Exit): number {
    return this.bookOf(id).used
  }

  /** Until then the exit gets nothing for that target; a quarantine is never made shorter. */
  quarantine(target: string, { id }: Pick<Exit, 'id'>, untilMs: number): void {
    const exits = this.quarantines.get(target) ?? new Map<string, number>()
    this.quarantines.set(target, exits.set(id, Math.max(untilMs, exits.get(id) ?? 0)))
  }

  /** It comes out of its quarantine for that target. */
  pardon(target: string, id: string): void {
    this.quarantines.get(target)?.delete(id)
  }

  /** The ids of those in quarantine for that target. */
  quarantined(target: string, nowMs: number): readonly string[] {
    return this.exits.filter((exit) => this.isQuarantined(target, exit, nowMs)).map(({ id }) => id)
  }

  /** When the first of a target's exits comes out of its quarantine; undefined when none is in one. */
  nextReleaseMs(target: string, nowMs: number): number | undefined {
    const ends = [...(this.quarantines.get(target)?.values() ?? [])].filter((until) => until > nowMs)
    return ends.length > 0 ? Math.min(...ends) : undefined
  }

  private may(exit: Exit, { target, avoid, now_ms }: Pick<Ask, 'target' | 'avoid' | 'now_ms'>): boolean {
    const full = this.used(exit) >= Math.min(exit.capacity, this.perExit)
    return !full && !avoid?.has(exit.id) && !this.isQuarantined(target, exit, now_ms)
  }

  private isQuarantined(target: string, { id }: Exit, nowMs: number): boolean {
    const until = this.quarantines.get(target)?.get(id)
    return until !== undefined && nowMs < until
  }

  private choose({ target, draw, now_ms }: Ask, candidates: readonly Exit[]): Exit {
    const used = (exit: Exit) => this.used(exit)
    const health = ({ id }: Exit) => this.bookOf(id).health.share(now_ms)
    return this.assignment.choose(candidates, { target, draw, used, health })
  }

  private held({ session }: Ask, candidates: readonly Exit[]): Exit | undefined {
    const id = session === undefined ? undefined : this.sessions.get(session)
    return candidates.find((candidate) => candidate.id === id)
  }

  private hold(session: string, { id }: Exit): void {
    this.sessions.delete(session)
    this.sessions.set(session, id)
    if (this.sessions.size > MOST_SESSIONS) this.sessions.delete(this.sessions.keys().next().value!)
  }

  private bookOf(id: string) {
    const book = this.books.get(id)
    invariant(book, `no exit ${id} in the pool`)
    return book
  }
}
