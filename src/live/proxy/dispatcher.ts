/**
 * The upstream side of a mini proxy as an undici Dispatcher: asks `forward` which server to try, keeps one connection
 * per exchange, and reports what was tried. It never retries unless `forward` says so, and writes nothing downstream.
 */
import type { Socket } from 'node:net'
import { Dispatcher } from 'undici'
import { type Failure, overLimit, waitedTooLong } from '../../core/failure.js'
import { type BalancedRequest, createBalancer } from '../../core/proxy/balancers/index.js'
import { type Balanced, createForward, type Forward, type ForwardAction } from '../../core/proxy/forward.js'
import { createPending, type Pending, type QueueConfig, type Served } from '../../core/proxy/pending.js'
import { Server } from '../../core/proxy/server.js'
import { groupServers } from '../../core/proxy/servers.js'
import { dialectOf } from '../../dialects/index.js'
import type { Try } from '../../journal/events.js'
import type { ProxyHop } from '../../scenario/hops.js'
import { alignedMs, monotonicMs, roundMs, startTimer, stopTimer, type Timer } from '../clock.js'
import type { Connection } from '../connection.js'
import type { ExchangeListener, Once, RawFields } from '../exchange.js'
import { Pool } from '../pool.js'
import type { Note } from '../reading.js'
import { formatAddress, type Site, type Target } from '../site.js'
import type { RequestBody } from './request_body.js'
import type { Reach } from './targets.js'

/** One request to forward; beside undici's own options. */
export interface UpstreamRequest extends BalancedRequest {
  headers: string[]
  /** A new reader of what is left of the client's body; null for none. */
  openBody: (() => RequestBody) | null
  /** It needs a connection of its own. */
  once: Once | undefined
  /** Every try is added here as it ends, if there is a journal. */
  tries: Try[]
}

/** What `onError` is given: the failure of the request, with the server it was tried at last. */
export class UpstreamError extends Error {
  constructor(
    readonly failure: Failure,
    readonly target: Target | undefined,
  ) {
    super(failure.details)
  }
}

/** What the proxy is told beside the answers: its error log and its journal are made of it. */
export interface DispatcherEvents {
  /** A try failed, or there was no server for one: then there is no target. */
  failed(request: UpstreamRequest, failure: Failure, target: Target | undefined): void
  /** Something about a response is worth a line in the log, and it goes on. */
  noted(request: UpstreamRequest, note: Note, target: Target): void
  /** How a server's last try ended has consequences for it. */
  turned(request: UpstreamRequest, turned: 'excluded' | 'recovered', target: Target): void
}

export class UpstreamDispatcher extends Dispatcher {
  readonly pools: readonly Pool[]
  readonly balanced: Balanced
  readonly pending: Pending<Forwarding> | undefined
  readonly queue: QueueConfig | undefined
  readonly journaling: boolean

  constructor(
    site: Site,
    hop: ProxyHop,
    reach: Reach,
    readonly events: DispatcherEvents,
  ) {
    super()
    this.journaling = site.journaling
    const { reads, tickMs, tellsLast } = dialectOf(hop)
    this.pools = hop.to.map((edge) => new Pool(site, reach(edge), hop.timeouts, hop.keepalive, reads))
    const servers = hop.to.map((edge, index) => {
      return new Server(index, formatAddress(this.pools[index]!.target), edge, tickMs)
    })
    const { next_upstream, tries, next_upstream_timeout, queue } = hop
    const group = groupServers(servers)
    this.balanced = {
      config: {
        nextUpstream: next_upstream,
        tries,
        timeoutMs: next_upstream_timeout,
        mayWait: queue !== undefined,
        tellsLast,
      },
      servers: group,
      balancer: createBalancer(hop.balance, group, site.chance),
    }
    this.queue = queue
    this.pending = queue && createPending(queue.size)
  }

  /** `handler.onConnect` gets the function that ends the request, whatever state it is in. */
  override dispatch(request: unknown, handler: Dispatcher.DispatchHandler): boolean {
    const forwarding = new Forwarding(this, request as UpstreamRequest, handler)
    handler.onConnect?.(forwarding.abort)
    forwarding.begin()
    return true
  }

  /** A server may have room again. */
  advance(): void {
    this.pending?.advance((waiting) => waiting.tryAgain())
  }

  override async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.close()))
  }

  override destroy(): Promise<void> {
    return this.close()
  }
}

/** One request on its way through the servers. */
class Forwarding implements ExchangeListener {
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

  constructor(
    private readonly dispatcher: UpstreamDispatcher,
    private readonly request: UpstreamRequest,
    private readonly handler: Dispatcher.DispatchHandler,
  ) {
    this.forward = createForward(dispatcher.balanced, request)
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
    const action = this.forward.answered(status, !this.body?.touched, alignedMs())
    if (action) {
      this.book(undefined, status)
      this.leave()
      this.carryOut(action)
      return true
    }
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
    this.book(failure, this.status, requestWritten)
    this.reached = connection!.reached
    const responseBegun = this.status !== undefined
    const replayable = !this.body?.touched
    this.dispatcher.events.failed(this.request, failure, this.reached)
    const last = { failure, requestWritten, replayable, responseBegun, reused }
    const action = this.forward.failed(last, alignedMs())
    this.leave()
    this.carryOut(action)
  }

  /** The client left: nobody wants the response any more. */
  readonly abort = (): void => {
    if (this.queuedAt !== undefined) return this.leaveQueue()
    if (!this.connection) return
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
  private leave(): void {
    this.turned()
    this.pool!.discard(this.connection!)
    this.connection = undefined
    this.dispatcher.advance()
  }

  private turned(): void {
    const { turned } = this.forward
    if (turned) this.dispatcher.events.turned(this.request, turned, this.pool!.target)
  }

  private carryOut(action: ForwardAction): void {
    if (action.do === 'try') {
      this.pool = this.dispatcher.pools[action.server]!
      return this.send()
    }
    if (action.do === 'wait') return this.enterQueue()
    const { failure } = action
    const chosen = failure.stage !== 'select'
    if (!chosen) this.dispatcher.events.failed(this.request, failure, undefined)
    this.handler.onError!(new UpstreamError(failure, chosen ? this.reached : undefined))
  }

  private enterQueue(): void {
    const { pending, queue } = this.dispatcher
    if (!pending!.enter(this)) return this.carryOut({ do: 'answer', failure: overLimit('the queue is full') })
    this.queuedAt = monotonicMs()
    this.patience = startTimer(queue!.timeout, () => {
      this.leaveQueue()
      this.carryOut({ do: 'answer', failure: waitedTooLong() })
    })
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
