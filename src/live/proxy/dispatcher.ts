/**
 * The upstream side of a mini proxy as an undici Dispatcher: asks `forward` which server to try, keeps one connection
 * per exchange, and reports what was tried. It never retries unless `forward` says so, and writes nothing downstream.
 */
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { Dispatcher } from 'undici'
import type { Failure } from '../../core/failure.js'
import { type Balancer, createBalancer } from '../../core/proxy/balancers/index.js'
import { createForward, type Forward, type ForwardAction, type ForwardConfig } from '../../core/proxy/forward.js'
import type { Try } from '../../journal/events.js'
import { dnsNameOf, type ProxyHop } from '../../scenario/hops.js'
import { monotonicMs, roundMs } from '../clock.js'
import type { Connection } from '../connection.js'
import type { ExchangeListener, Once, RawFields } from '../exchange.js'
import { Pool } from '../pool.js'
import { type Site, type Target, targetOf } from '../site.js'
import { createNames } from './names.js'
import type { RequestBody } from './request_body.js'

/** One request to forward; beside undici's own options. */
export interface UpstreamRequest {
  method: string
  path: string
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

/** Hears of every try that failed, at the moment it did: the error log. */
export type TryFailed = (request: UpstreamRequest, failure: Failure, target: Target) => void

export class UpstreamDispatcher extends Dispatcher {
  readonly pools: readonly Pool[]
  readonly balancer: Balancer
  readonly config: ForwardConfig
  readonly journaling: boolean

  constructor(
    site: Site,
    name: string,
    hop: ProxyHop,
    tls: ConnectionOptions,
    readonly onTryFailed: TryFailed,
  ) {
    super()
    this.journaling = site.journaling
    const names = hop.resolver && createNames(site, name, hop.resolver)
    this.pools = hop.to.map((edge) => {
      const target = targetOf(site, name, edge, tls)
      const dnsName = dnsNameOf(edge.hop, site.scenario.hops[edge.hop]!)
      return new Pool(site, names ? { ...target, name: dnsName, resolve: names(dnsName) } : target, hop.timeouts)
    })
    this.balancer = createBalancer(hop.balance)
    this.config = { servers: this.pools.length, nextUpstream: hop.next_upstream, tries: hop.tries }
  }

  /** `handler.onConnect` gets the function that ends the request, whatever state it is in. */
  override dispatch(request: unknown, handler: Dispatcher.DispatchHandler): boolean {
    const forwarding = new Forwarding(this, request as UpstreamRequest, handler)
    handler.onConnect?.(forwarding.abort)
    forwarding.begin()
    return true
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

  constructor(
    private readonly dispatcher: UpstreamDispatcher,
    private readonly request: UpstreamRequest,
    private readonly handler: Dispatcher.DispatchHandler,
  ) {
    this.forward = createForward(dispatcher.config, dispatcher.balancer, request.method)
  }

  begin(): void {
    this.carryOut(this.forward.start())
  }

  interim(status: number, rawHeaders: Buffer[]): void {
    this.handler.onHeaders!(status, rawHeaders, () => {}, '')
  }

  head(status: number, rawHeaders: Buffer[], statusText: string, resume: () => void): boolean {
    const more = this.handler.onHeaders!(status, rawHeaders, resume, statusText)
    this.status = status
    return more
  }

  data(chunk: Buffer): boolean {
    this.bytes += chunk.length
    return this.handler.onData!(chunk)
  }

  switched(rawHeaders: Buffer[], stream: Socket): void {
    this.status = 101
    this.handler.onUpgrade!(101, rawHeaders as never, stream)
  }

  end(trailers: RawFields): void {
    this.book(undefined)
    this.pool!.release(this.connection!)
    this.connection = undefined
    this.handler.onComplete!(trailers as never)
  }

  failed(failure: Failure, requestWritten: boolean): void {
    const { pool, connection } = this
    // It was lost while it was idle, and nobody had noticed: the server heard nothing of this request.
    if (!requestWritten && connection!.use.reused) {
      pool!.discard(connection!)
      return this.send()
    }
    this.book(failure)
    this.reached = connection!.reached
    this.dispatcher.onTryFailed(this.request, failure, this.reached)
    pool!.discard(connection!)
    this.connection = undefined
    const responseBegun = this.status !== undefined
    const replayable = !this.body?.touched
    this.carryOut(this.forward.failed({ failure, requestWritten, replayable, responseBegun }))
  }

  /** The client left: nobody wants the response any more. */
  readonly abort = (): void => {
    if (!this.connection) return
    this.book(undefined)
    this.pool!.discard(this.connection)
    this.connection = undefined
  }

  private carryOut(action: ForwardAction): void {
    if (action.do !== 'try') return this.handler.onError!(new UpstreamError(action.failure, this.reached))
    this.pool = this.dispatcher.pools[action.server]!
    this.send()
  }

  private send(): void {
    const { method, path, headers, once } = this.request
    this.connection = this.pool!.acquire(once !== undefined)
    this.started = monotonicMs()
    this.body = this.request.openBody?.() ?? null
    this.connection.run({ method, path, headers, body: this.body, once }, this)
  }

  private book(failure: Failure | undefined): void {
    if (!this.dispatcher.journaling) return
    this.request.tries.push({
      server: this.pool!.target.hop,
      ...this.connection!.use,
      ms: roundMs(monotonicMs() - this.started),
      status: this.status,
      response_bytes: this.bytes,
      failure,
    })
  }
}
