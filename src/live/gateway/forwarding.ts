/**
 * One request in absolute form on its way through a gateway: waits for room, is tried, and ends at the client's side, which
 * writes the answer. It decides nothing about what an answer says.
 */

import type { Socket } from 'node:net'
import type { Failure } from '../../core/failure.js'
import type { AbsoluteTarget } from '../../core/gateway/destination.js'
import { alignedMs, roundMs } from '../clock.js'
import type { Connection } from '../connection.js'
import type { ExchangeListener, ExchangeRequest, RawFields } from '../exchange.js'
import type { Pool } from '../pool.js'
import { UpstreamError } from '../proxy/dispatcher.js'
import type { Downstream } from '../proxy/front.js'
import type { RequestBody } from '../proxy/request_body.js'
import type { GatewayParts } from './parts.js'
import type { Guest } from './room.js'

export interface AbsoluteRequest extends Pick<ExchangeRequest, 'method' | 'path' | 'headers' | 'once'> {
  /** The hop that is asked, and how it was asked for. */
  to: string
  asked: AbsoluteTarget
  session: string | undefined
  /** A new reader of what is left of the client's body; null for none. */
  openBody: (() => RequestBody) | null
}

export class Forwarding implements ExchangeListener, Guest {
  private pool: Pool | undefined
  private connection: Connection | undefined
  private status: number | undefined
  private started = 0
  private bytes = 0
  private queuedMs: number | undefined
  private state: 'waiting' | 'inside' | 'over' = 'waiting'

  constructor(
    private readonly parts: GatewayParts,
    private readonly request: AbsoluteRequest,
    private readonly downstream: Downstream,
  ) {}

  begin(): void {
    this.downstream.onConnect(this.abort)
    this.parts.room.ask(this)
  }

  enter(queuedMs: number | undefined): void {
    this.state = 'inside'
    this.queuedMs = queuedMs
    this.send()
  }

  refuse(failure: Failure): void {
    this.state = 'over'
    this.downstream.onError(new UpstreamError(failure, undefined))
  }

  private send(): void {
    const { method, path, headers, once, openBody, to, asked } = this.request
    const { pools, destinations } = this.parts
    this.pool = pools.at(`${to} ${asked.scheme} ${asked.host}`, () => destinations.speakTo(to, asked))
    this.connection = this.pool.acquire(once !== undefined)
    this.started = alignedMs()
    this.connection.run({ method, path, headers, body: openBody?.() ?? null, once }, this)
  }

  interim(status: number, rawHeaders: Buffer[]): void {
    this.downstream.onHeaders(status, rawHeaders, () => {}, '')
  }

  head(status: number, rawHeaders: Buffer[], statusText: string, resume: () => void): boolean {
    const more = this.downstream.onHeaders(status, rawHeaders, resume, statusText)
    this.status = status
    return more
  }

  data(chunk: Buffer): boolean {
    this.bytes += chunk.length
    return this.downstream.onData(chunk)
  }

  switched(rawHeaders: Buffer[], stream: Socket): void {
    this.status = 101
    this.downstream.onUpgrade(101, rawHeaders, stream)
  }

  end(trailers: RawFields): void {
    this.book(undefined)
    this.pool!.release(this.connection!)
    this.leave()
    this.downstream.onComplete(trailers as never)
  }

  failed(failure: Failure, requestWritten: boolean): void {
    this.book(failure, requestWritten)
    const { reached } = this.connection!
    this.pool!.discard(this.connection!)
    this.leave()
    this.downstream.onError(new UpstreamError(failure, reached))
  }

  /** The client left: nobody wants the response any more. */
  private readonly abort = (): void => {
    if (this.state === 'waiting') return this.parts.room.withdraw(this)
    if (this.state === 'over') return
    this.book(undefined)
    this.pool!.discard(this.connection!)
    this.leave()
  }

  private leave(): void {
    this.state = 'over'
    this.parts.room.leave()
  }

  private book(failure: Failure | undefined, requestWritten?: boolean): void {
    if (!this.parts.site.journaling) return
    this.downstream.tries.push({
      server: this.request.to,
      ...this.connection!.use,
      queued_ms: this.queuedMs,
      ms: roundMs(alignedMs() - this.started),
      status: this.status,
      response_bytes: this.bytes,
      failure,
      request_written: requestWritten,
    })
  }
}
