/**
 * One CONNECT: waits for room, dials as the traffic has it, says 200 and carries the bytes, or says why not; then it is
 * journaled, once. The ends of both connections pass as they are: an RST behind the 200 is an RST at the client.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { classify, type Failure } from '../../core/failure.js'
import type { Exit } from '../../core/gateway/exits.js'
import type { Step } from '../../core/gateway/shared.js'
import { proxyErrorWord } from '../../dialects/proxy_error.js'
import { rfc9209 } from '../../dialects/rfc9209.js'
import type { ForwardEvent, Try } from '../../journal/events.js'
import { type ConnectionBooks, openBooks, pageOf } from '../books.js'
import { alignedMs, monotonicMs, roundMs, type Stop } from '../clock.js'
import { reachedBy, useOf } from '../connection_use.js'
import { dial } from '../dial.js'
import { headBytes } from '../proxy/headers.js'
import { bookRequest, noBytes } from '../proxy/ledger.js'
import { sayPast } from '../proxy/refusal.js'
import { Tunnel } from '../proxy/tunnel.js'
import { askedBy } from '../proxy/wording.js'
import { formatAddress, type Target } from '../site.js'
import { reset } from '../wire.js'
import { EarlyBytes } from './early_bytes.js'
import type { Passing } from './exit_doors.js'
import type { GatewayParts, OpenTunnel } from './parts.js'
import type { Guest } from './room.js'
import type { Journey, Traveller } from './traffic.js'

/** Whom a tunnel goes to: the hop, as it was asked for, and by whom. */
export interface TunnelAsk {
  to: string
  /** host:port */
  target: string
  session: string | undefined
}

/** One dialling, and the tunnel that comes of it. */
interface Attempt {
  exit: Exit
  target: Target
  books: ConnectionBooks
  at: number
  leaveExit: Stop
}

export class Tunneling implements Guest, Traveller, Passing, OpenTunnel {
  private readonly started = monotonicMs()
  private readonly peer: string
  private readonly tries: Try[] = []
  private readonly early: EarlyBytes
  private ask: TunnelAsk | undefined
  private journey: Journey | undefined
  private attempt: Attempt | undefined
  /** What the last dialling came to. */
  private last: { failure: Failure; nextHop: string | undefined } | undefined
  private queuedMs: number | undefined
  private tunnel: Tunnel | undefined
  private state: 'asking' | 'waiting' | 'dialling' | 'open' | 'over' = 'asking'
  clientGone = false
  readonly booked: Promise<void>
  private resolveBooked!: () => void

  constructor(
    private readonly parts: GatewayParts,
    private readonly id: string,
    private readonly request: IncomingMessage,
    private readonly client: Socket,
    head: Buffer,
  ) {
    this.peer = `${client.remoteAddress}:${client.remotePort}`
    this.booked = new Promise((resolve) => {
      this.resolveBooked = resolve
    })
    client.on('error', () => {})
    this.early = new EarlyBytes(client, head)
    client.once('end', this.gone).once('close', this.gone)
  }

  begin(ask: TunnelAsk): void {
    this.ask = ask
    this.state = 'waiting'
    this.parts.tunnels.add(this)
    this.journey = this.parts.traffic.begin({ request: this.id, ...ask, plain: true }, this)
    this.parts.room.ask(this)
  }

  enter(queuedMs: number | undefined): boolean {
    const step = this.journey!.start()
    if (step.do === 'answer' && step.failure?.manner === 'overloaded') return false
    this.queuedMs = queuedMs
    this.state = 'dialling'
    this.follow(step)
    return true
  }

  follow(step: Step): void {
    if (step.do === 'wait') return
    if (step.do === 'try') return this.try(step.exit)
    if (step.failure) this.refuse(step.failure)
    else this.refuse(this.last!.failure, this.last!.nextHop)
  }

  private try(exit: Exit): void {
    const { destinations, doors } = this.parts
    const target = destinations.tunnelTo(this.ask!.to, exit)
    const books = openBooks(false)
    books.requests = 1
    const attempt: Attempt = { exit, target, books, at: alignedMs(), leaveExit: () => {} }
    this.attempt = attempt
    attempt.leaveExit = doors.through(exit, { request: this.id, n: this.tries.length + 1 }, this)
  }

  /** The exit lets it through. */
  open(): void {
    const attempt = this.attempt!
    const { books, target } = attempt
    const { site, hop } = this.parts
    dial(site, target, hop.timeouts.connect, books, (error, upstream) => {
      if (this.state !== 'dialling' || this.attempt !== attempt) return void upstream?.destroy()
      if (upstream && !error) return this.stand(attempt, upstream)
      this.unreached(
        attempt,
        classify(pageOf(books, ASKING, 0), books.ending!),
        formatAddress(reachedBy(books, target)),
      )
    })
  }

  /** The exit itself failed, before the tunnel stood or behind that. */
  failed(failure: Failure): void {
    const attempt = this.attempt!
    if (this.state !== 'open') return this.unreached(attempt, failure, undefined)
    attempt.books.ending ??= { by: 'error', code: 'EXIT', message: failure.details }
    this.over(attempt, { ...failure, stage: 'tunnel' })
    attempt.books.raw?.destroy()
    void reset(this.client)
  }

  private unreached(attempt: Attempt, failure: Failure, nextHop: string | undefined): void {
    const ms = this.book(attempt, failure)
    this.last = { failure, nextHop }
    this.attempt = undefined
    attempt.leaveExit()
    attempt.books.abandoned = true
    attempt.books.raw?.destroy()
    const end = { ok: false, error: failure.type, stage: failure.stage, ms }
    this.follow(this.journey!.ended(end, failure, { method: 'CONNECT', body: 'none' }))
  }

  /** Says why there is no tunnel. */
  refuse(failure: Failure, nextHop?: string): void {
    const { name } = this.parts
    const answer = rfc9209.answer(failure, askedBy(name, this.id, this.request), { nextHop })
    const exit = this.tries.at(-1)?.exit
    const fields = [...answer.fields, ...this.own(exit), 'Connection', 'close']
    this.end(answer.status, { failure, proxy_status: answer.proxyStatus, proxy_error: answer.proxyError })
    this.early.drop()
    sayPast(this.client, { ...answer, fields })
  }

  private own(exit: string | undefined): string[] {
    return ['Via', `1.1 ${this.parts.name}`, ...(exit === undefined ? [] : ['X-Exit-Node', exit])]
  }

  private stand(attempt: Attempt, upstream: Socket): void {
    const { books, exit } = attempt
    this.state = 'open'
    this.journey!.opened()
    this.early.giveBack()
    upstream.setTimeout(this.parts.hop.timeouts.tunnel_idle).once('timeout', () => {
      books.ending ??= { by: 'timer', timer: 'read' }
      upstream.destroySoon()
      this.tunnel!.close()
    })
    let first = true
    upstream.once('end', () => {
      first = !this.clientGone
    })
    upstream.once('close', () => {
      if (this.state === 'open') this.over(attempt, this.failureOf(books, first))
    })
    this.tunnel = new Tunnel(this.client, upstream, headBytes(200, this.own(exit.id)))
  }

  /** A FIN is how a tunnel ends well; but of one who says nothing at all to what it was told, it is an answer. */
  private failureOf(books: ConnectionBooks, first: boolean): Failure | undefined {
    const { clientLeft, bytes } = this.tunnel!
    if (clientLeft || !books.ending) return undefined
    if (books.ending.by === 'fin' && !(first && bytes.up_bytes > 0 && bytes.down_bytes === 0)) return undefined
    return classify(pageOf(books, TUNNELED, 0), books.ending)
  }

  private over(attempt: Attempt, failure: Failure | undefined): void {
    const { clientLeft, bytes } = this.tunnel!
    const ms = this.book(attempt, failure)
    attempt.leaveExit()
    const told = failure && { error: failure.type, stage: failure.stage }
    this.journey!.ended({ ok: !failure, ...told, ms }, failure, { method: 'CONNECT', body: 'gone' })
    const cut = failure ? { failure, cut: true as const, proxy_error: proxyErrorWord(failure) } : {}
    this.end(200, { ...cut, tunnel: bytes, ...(clientLeft && { client_left: true }) })
  }

  private readonly gone = (): void => {
    this.clientGone = true
    if (this.state !== 'waiting' && this.state !== 'dialling') return
    if (this.state === 'waiting') this.parts.room.withdraw(this)
    this.journey!.left()
    if (this.attempt) {
      this.book(this.attempt, undefined)
      this.attempt.leaveExit()
    }
    this.close()
    this.end(undefined, { client_left: true })
    this.client.destroy()
  }

  close(): void {
    const { books } = this.attempt ?? {}
    if (!books) return
    books.abandoned = true
    books.raw?.destroy()
  }

  /** @returns how long it took */
  private book({ books, target, exit, at }: Attempt, failure: Failure | undefined): number {
    const ms = roundMs(alignedMs() - at)
    this.tries.push({
      server: this.ask!.to,
      ...useOf(books, target),
      queued_ms: this.queuedMs,
      exit: exit.id,
      ms,
      response_bytes: this.tunnel?.bytes.down_bytes ?? 0,
      failure,
    })
    this.queuedMs = undefined
    return ms
  }

  private end(
    status: number | undefined,
    end: Pick<ForwardEvent, 'failure' | 'cut' | 'client_left' | 'proxy_status' | 'proxy_error' | 'tunnel'>,
  ): void {
    if (this.state === 'over') return
    const inside = this.state === 'dialling' || this.state === 'open'
    this.state = 'over'
    const { id, peer, tries, request } = this
    const { site, name, tunnels, room } = this.parts
    tunnels.delete(this)
    const ms = roundMs(monotonicMs() - this.started)
    bookRequest(site, name, rfc9209, request, { peer, request: id, tries, status, ms, ...end }, noBytes)
    this.resolveBooked()
    if (inside) room.leave()
  }
}

/** Nothing of a request is known in a tunnel: what counts is whether it stood. */
const ASKING = { requestSent: false, headComplete: false }
const TUNNELED = { requestSent: true, headComplete: true, upgrade: true }
