/**
 * One request being carried out: what `call` says is done on real connections, and what came of it is told to `call`
 * and to the journal. caller.ts makes one for each request; it decides nothing and knows no fault.
 */
import { type Call, type CallSettings, createCall, type Surroundings } from '../../core/client/call.js'
import { succeeded } from '../../core/client/outcome.js'
import type { Decided, Done, Step } from '../../core/client/step.js'
import type { AttemptEvent, RequestEvent } from '../../journal/events.js'
import { roundMs, startTimer, stopTimer, type Timer, wait } from '../clock.js'
import type { Seen } from './attempt.js'
import type { Asked } from './route.js'

/** Who sends it out, and what that one has for it. */
export interface Sender {
  readonly signal: AbortSignal
  readonly settings: CallSettings
  /** An answer's connection is kept for so long. */
  readonly holdMs: number
  /** On a clock that does not go back. */
  now(): number
  /** How long ago that was, in milliseconds since the load's start. */
  since(intended: number): number
  surroundings(id: string): Surroundings
  /** @returns what closes the connection; `onOver` hears of that as well */
  send(asked: Asked, to: 'usual' | 'fallback', onOver: OnOver): () => void
  /** Asks for the hop's health. */
  check(asked: Asked, onOver: OnOver): () => void
  /** How an attempt at the usual hop ended. */
  heard(seen: Seen, ok: boolean): void
  /** The request is over. */
  ended(): void
  journal(event: Told<AttemptEvent> | Told<RequestEvent>): void
}

/** An event without what the sender knows. */
export type Told<Event> = Omit<Event, 't' | 'client' | 'instance'>

export type OnOver = (seen: Seen) => void
type Sending = Extract<Step, { do: 'send' }>

/** An attempt on its way, or the check before one. */
interface Going {
  sending: Sending | undefined
  stop: () => void
  /** Why nobody waits for it any more. */
  cancelled?: string
}

export class Errand {
  private readonly call: Call
  private readonly going = new Map<number, Going>()
  private alarm: Timer | undefined
  private sent = 0
  private unhealthy = 0
  private startDelayMs: number | undefined
  private last: Seen | undefined
  private finished = false
  private resolve = (): void => {}
  private reject = (_error: unknown): void => {}
  private settle = (): void => {}
  /** Resolves when everything of it has ended, attempts included that were left behind. */
  readonly settled = new Promise<void>((resolve) => {
    this.settle = resolve
  })

  /** @param intended when it was meant to be sent, in milliseconds since the load's start */
  constructor(
    private readonly sender: Sender,
    private readonly id: string,
    private readonly intended: number,
  ) {
    this.call = createCall(sender.settings, sender.surroundings(id))
  }

  /** Resolves when the request is over, or soon after an abort. @param asked since when its caller waits */
  run(asked: number): Promise<void> {
    const { sender } = this
    return new Promise<void>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      sender.signal.addEventListener('abort', this.abort, { once: true })
      this.guard(() => this.carryOut(this.call.begin(sender.now(), asked)))
    })
  }

  private carryOut(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.do === 'send') this.send(step)
      else if (step.do === 'check') this.check(step.attempt)
      else if (step.do === 'wait') this.ring(step.ms)
      else if (step.do === 'cancel') this.cancel(step.attempt, step.why)
      else if (step.do === 'done') this.done(step)
    }
  }

  private send(sending: Sending): void {
    const { sender, id } = this
    const { attempt, to } = sending
    const asked = { request: id, attempt }
    this.sent++
    this.startDelayMs ??= roundMs(sender.since(this.intended))
    this.start(attempt, sending, (onOver) => sender.send(asked, to ?? 'usual', onOver))
  }

  private check(attempt: number): void {
    this.start(attempt, undefined, (onOver) =>
      this.sender.check({ request: `check-${this.id}-${attempt}`, attempt }, onOver),
    )
  }

  private start(attempt: number, sending: Sending | undefined, begin: (onOver: OnOver) => () => void): void {
    const one: Going = { sending, stop: () => {} }
    this.going.set(attempt, one)
    const over = (seen: Seen) =>
      this.guard(() => (sending ? this.over(sending, one, seen) : this.checked(attempt, seen)))
    // One that is cancelled ends at once, before the request does; others when the steps at hand are carried out.
    one.stop = begin((seen) => (one.cancelled === undefined ? queueMicrotask(() => over(seen)) : over(seen)))
  }

  private over(sending: Sending, { cancelled }: Going, seen: Seen): void {
    const { sender } = this
    const { attempt } = sending
    this.going.delete(attempt)
    if (sender.signal.aborted) return
    if (cancelled !== undefined) {
      this.book(sending, { ...seen, cancelled: true }, { decision: cancelled })
      return this.settleIfOver()
    }
    const steps = this.call.ended(attempt, seen, sender.now())
    const decided = steps.find((step): step is Decided => step.do === 'decided')!
    this.book(sending, seen, decided)
    if (!sending.to) sender.heard(seen, decided.ok)
    if (!this.finished) this.last = seen
    // The answer of a request that is done is held for a while, its connection not given back yet.
    if (!steps.some((step) => step.do === 'done' && step.attempt === attempt)) seen.letGo?.()
    this.carryOut(steps)
    this.settleIfOver()
  }

  private checked(attempt: number, seen: Seen): void {
    const cancelled = this.going.get(attempt)!.cancelled !== undefined
    this.going.delete(attempt)
    if (this.sender.signal.aborted) return
    seen.letGo?.()
    if (cancelled) return this.settleIfOver()
    const ok = succeeded(seen)
    if (!ok) this.unhealthy++
    this.carryOut(this.call.checked(attempt, ok, this.sender.now()))
  }

  private cancel(attempt: number, why: string): void {
    const one = this.going.get(attempt)!
    one.cancelled = why === 'success' ? 'another_answered' : why
    one.stop()
  }

  private ring(ms: number): void {
    stopTimer(this.alarm)
    this.alarm = startTimer(ms, () => this.guard(() => this.carryOut(this.call.tick(this.sender.now()))))
  }

  private done(end: Done): void {
    const { sender } = this
    const seen = end.attempt === undefined ? undefined : this.last
    this.finished = true
    stopTimer(this.alarm)
    this.bookRequest(end, seen)
    sender.ended()
    const over = () => {
      seen?.letGo?.()
      this.resolve()
      this.settleIfOver()
    }
    if (seen?.letGo && sender.holdMs > 0) void wait(sender.holdMs, sender.signal).then(over)
    else over()
  }

  /** Nothing of it is on its way any more; what was left behind may outlive the request. */
  private settleIfOver(): void {
    if (!this.finished || this.going.size > 0) return
    stopTimer(this.alarm)
    this.sender.signal.removeEventListener('abort', this.abort)
    this.settle()
  }

  private readonly abort = (): void => {
    stopTimer(this.alarm)
    for (const { stop } of this.going.values()) stop()
    this.resolve()
    this.settle()
  }

  /** A mistake of ours in a timer or on a socket ends the run, as one in a function that is awaited does. */
  private guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.reject(error)
      this.settle()
    }
  }

  private book(
    { attempt, hedge, to }: Sending,
    seen: Seen & { cancelled?: true },
    decided: Pick<Decided, 'decision' | 'wait_ms'>,
  ): void {
    const { ms, bytes, truncated, status, failure, retryAfter } = seen
    this.sender.journal({
      event: 'attempt',
      request: this.id,
      attempt,
      hedge,
      fallback: to && true,
      ...seen.use,
      status,
      failure,
      gave_up: seen.gaveUp,
      cancelled: seen.cancelled,
      truncated,
      bytes,
      proxy_status: seen.proxyStatus,
      proxy_error: seen.proxyError,
      exit: seen.exit,
      server: seen.server,
      blame: seen.blame,
      retry_after: retryAfter,
      decision: decided.decision,
      wait_ms: roundMs(decided.wait_ms),
      ms,
    })
  }

  private bookRequest({ ok, why, refused }: Done, seen: Seen | undefined): void {
    const { intended, startDelayMs } = this
    this.sender.journal({
      event: 'request',
      request: this.id,
      attempts: this.sent,
      ok,
      status: seen?.status,
      failure: seen?.failure,
      gave_up: seen?.gaveUp,
      refused,
      unhealthy: this.unhealthy || undefined,
      why,
      intended: roundMs(intended),
      start_delay_ms: startDelayMs,
      ms: roundMs(this.sender.since(intended)),
    })
  }
}
