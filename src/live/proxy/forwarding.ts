/**
 * One request on its way through the servers of a mini proxy: carries out what its rules decide, try by try, and tells
 * them how each one ended. The dispatcher makes one for each request, and holds what they share.
 */
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { type Failure, overLimit, waitedTooLong } from '../../core/failure.js'
import type { Forward, ForwardAction } from '../../core/proxy/forward.js'
import type { BeginForward } from '../../core/proxy/forwards/index.js'
import type { Pending, QueueConfig, Served } from '../../core/proxy/pending.js'
import type { Servers } from '../../core/proxy/servers.js'
import {
  alignedMs,
  monotonicMs,
  roundMs,
  type Stop,
  startDeadline,
  startTimer,
  stopTimer,
  type Timer,
} from '../clock.js'
import type { Connection } from '../connection.js'
import { type ExchangeListener, fieldOf, type RawFields } from '../exchange.js'
import type { Pool } from '../pool.js'
import type { Note } from '../reading.js'
import type { Target } from '../site.js'
import type { RequestBody } from './request_body.js'
import { type DispatcherEvents, UpstreamError, type UpstreamRequest } from './upstream_request.js'

/** What all requests of a proxy share. */
export interface Upstreams {
  readonly pools: readonly Pool[]
  readonly servers: Servers
  readonly beginForward: BeginForward
  readonly pending: Pending<Forwarding> | undefined
  readonly queue: QueueConfig | undefined
  readonly journaling: boolean
  readonly events: DispatcherEvents
  /** A server may have room again. */
  advance(): void
}

/** One request on its way through the servers. */
export class Forwarding implements ExchangeListener {
  private readonly forward: Forward
  private pool: Pool | undefined
  private connection: Connection | undefined
  /** Whom the last try that failed had dialled. */
  private reached: Target | undefined
  private body: RequestBody | null = null
  private started = 0
  private status: number | undefined
  private bytes = 0
  /** Since when it is in the queue, and how long it was. */
  private queuedAt: number | undefined
  private queuedMs: number | undefined
  private patience: Timer | undefined
  /** Until it asks again. */
  private pause: Timer | undefined
  private stopHead: Stop | undefined
  private stopTotal: Stop | undefined

  constructor(
    private readonly dispatcher: Upstreams,
    private readonly request: UpstreamRequest,
    private readonly handler: Dispatcher.DispatchHandler,
  ) {
    this.forward = dispatcher.beginForward(request)
  }

  begin(): void {
    // A penalty may have ended with nobody there to see it: who waits goes first.
    if (this.dispatcher.pending && this.dispatcher.pending.length > 0) this.dispatcher.advance()
    this.carryOut(this.forward.start(alignedMs()))
  }

  interim(status: number, rawHeaders: Buffer[]): void {
    this.handler.onHeaders!(status, rawHeaders, () => {}, '')
  }

  head(status: number, rawHeaders: Buffer[], statusText: string, resume: () => void): boolean {
    this.stopHead?.()
    const header = (name: string) => fieldOf(rawHeaders, name)
    const action = this.forward.answered(status, !this.body?.touched, alignedMs(), header)
    if (action) {
      this.stopLimits()
      this.book(undefined, status)
      this.leave()
      this.carryOut(action)
      return true
    }
    this.tellDenied()
    const more = this.handler.onHeaders!(status, rawHeaders, resume, statusText)
    this.status = status
    return more
  }

  data(chunk: Buffer): boolean {
    this.bytes += chunk.length
    return this.handler.onData!(chunk)
  }

  noted(note: Note): void {
    this.dispatcher.events.noted(this.request, note, this.connection!.reached)
  }

  switched(rawHeaders: Buffer[], stream: Socket): void {
    this.status = 101
    this.handler.onUpgrade!(101, rawHeaders as never, stream)
  }

  end(trailers: RawFields): void {
    this.stopTotal?.()
    this.book(undefined)
    this.pool!.release(this.connection!)
    this.connection = undefined
    const now = alignedMs()
    this.forward.done(now, now - this.started)
    this.turned()
    this.dispatcher.advance()
    this.handler.onComplete!(trailers as never)
  }

  failed(failure: Failure, requestWritten: boolean): void {
    const { connection } = this
    const reused = connection!.use.reused === true
    // It was lost while it was idle, and nobody had noticed: the server heard nothing of this request.
    if (!requestWritten && reused) {
      this.pool!.discard(connection!)
      return this.send()
    }
    this.stopLimits()
    this.book(failure, this.status, requestWritten)
    this.reached = connection!.reached
    const responseBegun = this.status !== undefined
    const replayable = !this.body?.touched
    this.dispatcher.events.failed(this.request, failure, this.reached)
    const last = { failure, requestWritten, replayable, responseBegun, reused }
    const action = this.forward.failed(last, alignedMs())
    this.leave(failure)
    this.carryOut(action)
  }

  /** The client left: nobody wants the response any more. */
  readonly abort = (): void => {
    if (this.queuedAt !== undefined) return this.giveUp()
    if (this.pause) {
      stopTimer(this.pause)
      return this.forward.done(alignedMs())
    }
    if (!this.connection) return
    this.stopLimits()
    this.book(undefined)
    this.forward.done(alignedMs())
    this.leave()
  }

  /** In the queue: is there something for it by now? */
  tryAgain(): Served {
    const action = this.forward.start(alignedMs())
    if (action.do === 'wait') return action.choosy ? 'passed' : 'nobody'
    this.leaveQueue()
    this.carryOut(action)
    return 'taken'
  }

  /** The try is over, and its connection with it; the server may have room for another request. */
  private leave(failure?: Failure): void {
    this.turned(failure)
    this.pool!.discard(this.connection!)
    this.connection = undefined
    this.dispatcher.advance()
  }

  private turned(failure?: Failure): void {
    const { turned } = this.forward
    if (!turned) return
    const { pools, servers, events } = this.dispatcher
    const server = servers.all[pools.indexOf(this.pool!)]!
    events.turned(this.request, turned, server, this.pool!.target, { failure, status: this.status })
  }

  private carryOut(action: ForwardAction): void {
    if (action.do === 'try') {
      const { server, headMs, totalMs } = action
      this.pool = this.dispatcher.pools[server]!
      if (headMs !== undefined) this.stopHead = startDeadline(headMs, this.expire)
      if (totalMs !== undefined) this.stopTotal = startDeadline(totalMs, this.expire)
      return this.send()
    }
    if (action.do === 'wait') return this.enterQueue(action.forMs)
    if (action.do === 'pause') return this.askLater(action.ms)
    const { failure } = action
    if (action.do === 'pass') {
      this.dispatcher.events.failed(this.request, failure, undefined)
      return this.carryOut(this.forward.start(alignedMs()))
    }
    const chosen = failure.stage !== 'select'
    if (!chosen) this.dispatcher.events.failed(this.request, failure, undefined)
    this.tellDenied()
    const target = chosen ? this.reached : undefined
    this.handler.onError!(new UpstreamError(failure, target, action.do === 'close', this.forward.retried))
  }

  private tellDenied(): void {
    const { denied } = this.forward
    if (denied) this.dispatcher.events.denied(this.request, denied)
  }

  private askLater(ms: number): void {
    this.pause = startTimer(ms, () => {
      this.pause = undefined
      this.carryOut(this.forward.start(alignedMs()))
    })
  }

  /** The try has had its time. */
  private readonly expire = (): void => this.connection?.expire('try')

  private stopLimits(): void {
    this.stopHead?.()
    this.stopTotal?.()
  }

  private enterQueue(forMs = this.dispatcher.queue!.timeout): void {
    const { pending } = this.dispatcher
    if (!pending!.enter(this)) {
      this.forward.done(alignedMs())
      return this.carryOut({ do: 'answer', failure: overLimit('the queue is full') })
    }
    this.queuedAt = monotonicMs()
    this.patience = startTimer(forMs, () => {
      const action = this.forward.waited?.(alignedMs())
      this.giveUp()
      this.carryOut(action ?? { do: 'answer', failure: waitedTooLong() })
    })
  }

  private giveUp(): void {
    this.leaveQueue()
    this.forward.done(alignedMs())
  }

  private leaveQueue(): void {
    stopTimer(this.patience)
    this.queuedMs = roundMs(monotonicMs() - this.queuedAt!)
    this.queuedAt = undefined
    this.dispatcher.pending!.leave(this)
  }

  private send(): void {
    const { method, path, headers, once } = this.request
    this.connection = this.pool!.acquire(once !== undefined)
    this.started = alignedMs()
    this.body = this.request.openBody?.() ?? null
    this.connection.run({ method, path, headers, body: this.body, once }, this)
  }

  private book(failure: Failure | undefined, status = this.status, requestWritten?: boolean): void {
    if (!this.dispatcher.journaling) return
    this.request.tries.push({
      server: this.pool!.target.hop,
      ...this.connection!.use,
      queued_ms: this.queuedMs,
      ms: roundMs(alignedMs() - this.started),
      status,
      response_bytes: this.bytes,
      failure,
      request_written: requestWritten,
    })
    this.queuedMs = undefined
  }
}
