/**
 * The workers of an origin in wall time: what the capacity model says of each request is carried out by timers, and
 * journaled. serve.ts hands it every request that was read, before its answer.
 */
import { type CapacityAction, type CapacityConfig, createCapacity } from '../../core/origin/capacity.js'
import { type ResponseConfig, responseSchema } from '../../core/origin/response.js'
import { monotonicMs, type Stop, soon, startDeadline } from '../clock.js'
import type { Gate } from '../gate.js'
import type { Site } from '../site.js'
import { reset } from '../wire.js'
import type { Exchange } from './exchange.js'

/** Answers with another response than the usual one, where one is given. */
type Answer = (response?: ResponseConfig) => void

interface Job {
  exchange: Exchange
  done(): void
  answer: Answer
  /** When its work is to end, on the clock of clock.ts. */
  dueMs: number | undefined
  /** Calls off the end of its work. */
  stop: Stop | undefined
}

export class Workers {
  private readonly capacity
  private readonly inHand = new Map<number, Job>()
  private readonly whenIdle = new Set<() => void>()
  private count = 0
  /** As the model knows it: it never goes back. */
  private timeMs = 0
  /** Set by the origin where it can stop accepting. */
  gate: Gate | undefined

  constructor(
    private readonly site: Site,
    private readonly hop: string,
    config: CapacityConfig,
  ) {
    this.capacity = createCapacity(config, hop, site.chance)
    site.onLoadEnd((signal) => this.idle(signal))
    site.scope.add(() => this.dropAll())
  }

  /** @param done the work is done, whether anybody still waits for the answer or not; @param answer it is, or turned away */
  take(exchange: Exchange, done: () => void, answer: Answer): void {
    const id = ++this.count
    exchange.visit.atWork = true
    this.inHand.set(id, { exchange, done, answer, dueMs: undefined, stop: undefined })
    const now = this.passed(monotonicMs())
    this.carryOut(this.capacity.arrive(id, exchange.request.url!, now, exchange.occasion.key), now)
  }

  private carryOut(actions: readonly CapacityAction[], nowMs: number): void {
    for (const action of actions) this.act(action, nowMs)
    if (this.inHand.size > 0) return
    for (const tell of this.whenIdle) tell()
  }

  private act(action: CapacityAction, nowMs: number): void {
    switch (action.do) {
      case 'work':
        return this.work(action.id, action.for_ms, nowMs)
      case 'finish': {
        const { exchange, done, answer } = this.letGo(action.id)
        exchange.visit.spent = action.spent
        done()
        // The work was done all the same: whoever waited for it is gone.
        if (exchange.request.socket.destroyed || exchange.response.destroyed) exchange.visit.book('wasted')
        else answer()
        return
      }
      case 'shed': {
        const { exchange, answer } = this.letGo(action.id)
        if (action.how === 503) {
          exchange.visit.turnedAway = 'shed'
          return answer(BUSY)
        }
        exchange.visit.book('shed')
        exchange.visit.line.over = true
        return void reset(exchange.visit.line.raw)
      }
      case 'overflow':
        this.letGo(action.id).exchange.visit.book('aborted')
        return this.site.broken(
          `origin "${this.hop}" has ${action.limit} requests waiting, its limit: lower the load, or let it shed`,
        )
      case 'stop_accepting':
      case 'accept':
        return this.setAccepting(action.do === 'accept')
    }
  }

  /**
   * What follows begins when the work before it was to end, however late the loop was: delays do not add up. It ends
   * with the same grace as the limits of those who wait, so the shorter of the two passes first.
   */
  private work(id: number, forMs: number, nowMs: number): void {
    const job = this.inHand.get(id)!
    const dueMs = (job.dueMs ?? nowMs) + forMs
    job.dueMs = dueMs
    const done = () => {
      const now = this.passed(dueMs)
      this.carryOut(this.capacity.elapsed(id, now), now)
    }
    const left = dueMs - monotonicMs()
    if (left > 0) {
      job.stop = startDeadline(left, done)
      return
    }
    soon(() => this.inHand.has(id) && done())
  }

  private passed(nowMs: number): number {
    this.timeMs = Math.max(this.timeMs, nowMs)
    return this.timeMs
  }

  private setAccepting(accepting: boolean): void {
    const { hop, site } = this
    site.journal({ event: 'accepting', t: site.now(), hop, accepting })
    if (accepting) this.gate?.open()
    else this.gate?.shut()
  }

  private letGo(id: number) {
    const job = this.inHand.get(id)!
    this.inHand.delete(id)
    job.exchange.visit.atWork = false
    return job
  }

  /** What a server has begun it finishes, though the load is over. */
  private idle(signal: AbortSignal): Promise<void> {
    if (this.inHand.size === 0 || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        this.whenIdle.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.whenIdle.add(done)
      signal.addEventListener('abort', done)
    })
  }

  private dropAll(): void {
    for (const [id, { exchange, stop }] of [...this.inHand]) {
      stop?.()
      this.letGo(id)
      exchange.visit.book('aborted')
    }
    for (const tell of this.whenIdle) tell()
  }
}

const BUSY = responseSchema.parse({ status: 503, body: 'no worker is free\n' })
