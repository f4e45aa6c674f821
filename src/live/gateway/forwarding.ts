/**
 * One request in absolute form on its way through a gateway: waits for room, is tried as the traffic has it, and ends at the
 * client's side, which writes the answer. It decides nothing.
 */
import type { Socket } from 'node:net'
import type { Failure } from '../../core/failure.js'
import type { AbsoluteTarget } from '../../core/gateway/destination.js'
import type { Exit } from '../../core/gateway/exits.js'
import { lostResponse } from '../../core/gateway/failures.js'
import type { TryEnd } from '../../core/gateway/passage.js'
import type { Sent } from '../../core/gateway/repeatable.js'
import type { Step } from '../../core/gateway/shared.js'
import { isOk } from '../../core/gateway/signs.js'
import { alignedMs, roundMs, type Stop } from '../clock.js'
import type { Connection } from '../connection.js'
import { type ExchangeListener, type ExchangeRequest, fieldOf, type RawFields } from '../exchange.js'
import type { Pool } from '../pool.js'
import { UpstreamError } from '../proxy/dispatcher.js'
import type { Downstream } from '../proxy/front.js'
import type { RequestBody } from '../proxy/request_body.js'
import type { Target } from '../site.js'
import type { Passing } from './exit_doors.js'
import type { GatewayParts } from './parts.js'
import type { Guest } from './room.js'
import type { Journey, Traveller } from './traffic.js'

export interface AbsoluteRequest extends Pick<ExchangeRequest, 'method' | 'path' | 'headers' | 'once'> {
  /** The hop that is asked, and how it was asked for. */
  to: string
  asked: AbsoluteTarget
  session: string | undefined
  /** A new reader of what is left of the client's body; null for none. */
  openBody: (() => RequestBody) | null
}

export class Forwarding implements ExchangeListener, Guest, Traveller, Passing {
  private readonly journey: Journey
  private pool: Pool | undefined
  private connection: Connection | undefined
  private through: { exit: Exit; profile: string } | undefined
  private leaveExit: Stop = () => {}
  private body: RequestBody | null = null
  private tries = 0
  private status: number | undefined
  /** The response is passed on: nothing is tried any more. */
  private begun = false
  /** The way is over as far as exits go, and what comes of the response is not waited for. */
  private judged = false
  private started = 0
  private bytes = 0
  private queuedMs: number | undefined
  /** What the response of this try says of who made it, where it is none to be glad of. */
  private said: { server?: string; proxy_error?: string } = {}
  /** What the last try came to, for when there is no other. */
  private last: { failure: Failure; reached: Target | undefined } | undefined
  private state: 'waiting' | 'inside' | 'over' = 'waiting'

  constructor(
    private readonly parts: GatewayParts,
    private readonly request: AbsoluteRequest,
    private readonly downstream: Downstream,
  ) {
    const { asked, session } = request
    const ask = {
      request: downstream.id,
      target: `${asked.host}:${asked.port}`,
      session,
      plain: asked.scheme === 'http',
    }
    this.journey = parts.traffic.begin(ask, this)
  }

  begin(): void {
    this.downstream.onConnect(this.abort)
    this.parts.room.ask(this)
  }

  enter(queuedMs: number | undefined): boolean {
    const step = this.journey.start()
    if (step.do === 'answer' && step.failure?.manner === 'overloaded') return false
    this.state = 'inside'
    this.queuedMs = queuedMs
    this.follow(step)
    return true
  }

  refuse(failure: Failure): void {
    this.state = 'over'
    this.downstream.onError(new UpstreamError(failure, undefined))
  }

  follow(step: Step): void {
    if (step.do === 'wait') return
    if (step.do === 'try') return this.try(step.exit, step.profile)
    const { failure, reached } = step.failure ? { failure: step.failure, reached: undefined } : this.last!
    this.leave()
    this.downstream.onError(new UpstreamError(failure, reached))
  }

  private try(exit: Exit, profile: string): void {
    const { to, asked, once } = this.request
    const { pools, destinations, name, doors } = this.parts
    this.through = { exit, profile }
    this.downstream.own = ['Via', `1.1 ${name}`, 'X-Exit-Node', exit.id]
    const key = [to, asked.scheme, asked.host, exit.id, this.through.profile].join(' ')
    this.pool = pools.at(key, () => destinations.speakTo(to, asked, exit, profile))
    this.connection = this.pool.acquire(once !== undefined)
    this.started = alignedMs()
    this.status = undefined
    this.said = {}
    this.bytes = 0
    this.leaveExit = doors.through(exit, { request: this.downstream.id, n: ++this.tries }, this)
  }

  /** The exit lets it through. */
  open(): void {
    const { method, path, headers, once, openBody } = this.request
    this.body = openBody?.() ?? null
    this.connection!.run({ method, path, headers, body: this.body, once }, this)
  }

  interim(status: number, rawHeaders: Buffer[]): void {
    this.downstream.onHeaders(status, rawHeaders, () => {}, '')
  }

  head(status: number, rawHeaders: Buffer[], statusText: string, resume: () => void): boolean {
    this.status = status
    if (isOk(status)) this.journey.opened()
    else if (!this.answers(status, rawHeaders)) return true
    this.begun = true
    return this.downstream.onHeaders(status, rawHeaders, resume, statusText)
  }

  /** Whether a response that is none to be glad of is passed on. */
  private answers(status: number, rawHeaders: Buffer[]): boolean {
    const [server, proxy_error] = [fieldOf(rawHeaders, 'server'), fieldOf(rawHeaders, 'x-proxy-error')]
    this.said = { ...(server && { server }), ...(proxy_error && { proxy_error }) }
    const step = this.journey.ended({ ok: false, status, ...this.said, ms: this.ms }, undefined, this.sent)
    this.judged = true
    if (step.do === 'answer') return true
    this.last = { failure: lostResponse(status), reached: this.connection!.reached }
    this.book(undefined)
    this.dropConnection()
    this.judged = false
    this.follow(step)
    return false
  }

  data(chunk: Buffer): boolean {
    this.bytes += chunk.length
    return this.downstream.onData(chunk)
  }

  switched(rawHeaders: Buffer[], stream: Socket): void {
    this.status = 101
    this.begun = true
    this.journey.opened()
    this.downstream.onUpgrade(101, rawHeaders, stream)
  }

  end(trailers: RawFields): void {
    this.book(undefined)
    this.pool!.release(this.connection!)
    this.connection = undefined
    this.leaveExit()
    if (!this.judged) this.journey.ended({ ok: true, status: this.status!, ms: this.ms }, undefined, this.sent)
    this.leave()
    this.downstream.onComplete(trailers as never)
  }

  /** The exchange, or the exit itself. */
  failed(failure: Failure, requestWritten?: boolean): void {
    const { reached } = this.connection!
    this.last = { failure, reached: requestWritten === undefined ? undefined : reached }
    this.book(failure, requestWritten)
    const end: TryEnd = { ok: false, error: failure.type, stage: failure.stage, ms: this.ms }
    const { sent } = this
    this.dropConnection()
    const step: Step = this.judged ? { do: 'answer' } : this.journey.ended(end, failure, sent)
    this.follow(step)
  }

  /** The client left: nobody wants the response any more. */
  private readonly abort = (): void => {
    if (this.state === 'waiting') {
      this.state = 'over'
      this.parts.room.withdraw(this)
      return this.journey.left()
    }
    if (this.state === 'over') return
    if (this.connection) {
      this.book(undefined)
      this.dropConnection()
    }
    if (!this.judged) this.journey.left()
    this.leave()
  }

  private get sent(): Sent {
    const { method, openBody } = this.request
    const body = this.begun || this.body?.touched ? 'gone' : openBody ? 'kept' : 'none'
    return { method, body }
  }

  private get ms(): number {
    return roundMs(alignedMs() - this.started)
  }

  private dropConnection(): void {
    this.leaveExit()
    this.pool!.discard(this.connection!)
    this.connection = undefined
  }

  private leave(): void {
    this.state = 'over'
    this.parts.room.leave()
  }

  private book(failure: Failure | undefined, requestWritten?: boolean): void {
    if (!this.parts.site.journaling) return
    const { exit, profile } = this.through!
    const fingerprint = this.parts.fingerprints.get(profile)
    this.downstream.tries.push({
      server: this.request.to,
      ...this.connection!.use,
      queued_ms: this.queuedMs,
      exit: exit.id,
      ...(profile !== '' && { profile }),
      ...(fingerprint && { ja3: fingerprint.ja3, ja4: fingerprint.ja4 }),
      ms: this.ms,
      status: this.status,
      ...(this.said.server && { software: this.said.server }),
      ...(this.said.proxy_error && { proxy_error: this.said.proxy_error }),
      response_bytes: this.bytes,
      failure,
      request_written: requestWritten,
    })
    this.queuedMs = undefined
  }
}
