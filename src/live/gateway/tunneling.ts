/**
 * One CONNECT: waits for room, dials, says 200 and carries the bytes, or says why not; then it is journaled, once. The
 * ends of both connections pass as they are: an RST behind the 200 is an RST at the client.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { classify, type Failure } from '../../core/failure.js'
import { proxyErrorWord } from '../../dialects/proxy_error.js'
import { rfc9209 } from '../../dialects/rfc9209.js'
import type { ForwardEvent, Try } from '../../journal/events.js'
import { type ConnectionBooks, openBooks, pageOf } from '../books.js'
import { alignedMs, monotonicMs, roundMs } from '../clock.js'
import { reachedBy, useOf } from '../connection_use.js'
import { dial } from '../dial.js'
import { headBytes } from '../proxy/headers.js'
import { bookRequest } from '../proxy/ledger.js'
import { sayPast } from '../proxy/refusal.js'
import { Tunnel } from '../proxy/tunnel.js'
import { askedBy } from '../proxy/wording.js'
import { formatAddress, type Target } from '../site.js'
import type { GatewayParts, OpenTunnel } from './parts.js'
import type { Guest } from './room.js'

export class Tunneling implements Guest, OpenTunnel {
  private readonly started = monotonicMs()
  private readonly peer: string
  private readonly tries: Try[] = []
  private to = ''
  private books: ConnectionBooks | undefined
  private dialledAt = 0
  private queuedMs: number | undefined
  private tunnel: Tunnel | undefined
  private state: 'waiting' | 'dialling' | 'open' | 'over' = 'waiting'
  /** What the client says before it is answered: it waits for whom it is meant. */
  private early: Buffer[] = []
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
    if (head.length > 0) this.early.push(head)
    client.on('error', () => {})
    client.on('data', this.keep).once('end', this.gone).once('close', this.gone)
  }

  begin(to: string): void {
    this.to = to
    this.parts.tunnels.add(this)
    this.parts.room.ask(this)
  }

  enter(queuedMs: number | undefined): void {
    const { site, destinations, hop } = this.parts
    this.queuedMs = queuedMs
    this.state = 'dialling'
    this.dialledAt = alignedMs()
    const target = destinations.tunnelTo(this.to)
    const books = openBooks(false)
    this.books = books
    books.requests = 1
    dial(site, target, hop.timeouts.connect, books, (error, upstream) => {
      if (this.state !== 'dialling') return void upstream?.destroy()
      if (error || !upstream) return this.unreached(books, target)
      this.open(books, target, upstream)
    })
  }

  /** Says why there is no tunnel. */
  refuse(failure: Failure, nextHop?: string): void {
    const { name } = this.parts
    const answer = rfc9209.answer(failure, askedBy(name, this.id, this.request), { nextHop })
    const fields = [...answer.fields, 'Via', `1.1 ${name}`, 'Connection', 'close']
    this.end(answer.status, { failure, proxy_status: answer.proxyStatus, proxy_error: answer.proxyError })
    this.client.removeListener('data', this.keep)
    sayPast(this.client, { ...answer, fields })
  }

  private unreached(books: ConnectionBooks, target: Target): void {
    const failure = classify(pageOf(books, ASKING, 0), books.ending!)
    this.book(books, target, failure)
    this.refuse(failure, formatAddress(reachedBy(books, target)))
  }

  private open(books: ConnectionBooks, target: Target, upstream: Socket): void {
    const { hop, name } = this.parts
    this.state = 'open'
    this.releaseClient()
    upstream.setTimeout(hop.timeouts.tunnel_idle).once('timeout', () => {
      books.ending ??= { by: 'timer', timer: 'read' }
      upstream.destroySoon()
      this.tunnel?.close()
    })
    upstream.once('close', () => this.closed(books, target))
    this.tunnel = new Tunnel(this.client, upstream, headBytes(200, ['Via', `1.1 ${name}`]))
  }

  private readonly keep = (chunk: Buffer): void => {
    this.early.push(chunk)
    if (sizeOf(this.early) >= EARLY_LIMIT) this.client.pause()
  }

  private releaseClient(): void {
    const { client } = this
    client.removeListener('data', this.keep).pause()
    const early = Buffer.concat(this.early.splice(0))
    if (early.length > 0) client.unshift(early)
  }

  private closed(books: ConnectionBooks, target: Target): void {
    if (this.state !== 'open') return
    const { clientLeft, bytes } = this.tunnel!
    const failure = !clientLeft && hasFailed(books) ? classify(pageOf(books, TUNNELED, 0), books.ending!) : undefined
    this.book(books, target, failure)
    const end = failure ? { failure, cut: true as const, proxy_error: proxyErrorWord(failure) } : {}
    this.end(200, { ...end, tunnel: bytes, ...(clientLeft && { client_left: true }) })
  }

  private readonly gone = (): void => {
    this.clientGone = true
    if (this.state === 'waiting') {
      this.parts.room.withdraw(this)
      this.end(undefined, { client_left: true })
      this.client.destroy()
    } else if (this.state === 'dialling') {
      this.books!.abandoned = true
      this.books!.raw?.destroy()
      this.end(undefined, { client_left: true })
      this.client.destroy()
    }
  }

  close(): void {
    if (this.books) this.books.abandoned = true
    this.books?.raw?.destroy()
  }

  private book(books: ConnectionBooks, target: Target, failure: Failure | undefined): void {
    this.tries.push({
      server: this.to,
      ...useOf(books, target),
      queued_ms: this.queuedMs,
      ms: roundMs(alignedMs() - this.dialledAt),
      response_bytes: this.tunnel?.bytes.down_bytes ?? 0,
      failure,
    })
  }

  private end(
    status: number | undefined,
    end: Pick<ForwardEvent, 'failure' | 'cut' | 'client_left' | 'proxy_status' | 'proxy_error' | 'tunnel'>,
  ): void {
    if (this.state === 'over') return
    const entered = this.state !== 'waiting'
    this.state = 'over'
    this.parts.tunnels.delete(this)
    const { id, peer, tries } = this
    const ms = roundMs(monotonicMs() - this.started)
    bookRequest(
      this.parts.site,
      this.parts.name,
      rfc9209,
      this.request,
      { peer, request: id, tries, status, ms, ...end },
      0,
    )
    this.resolveBooked()
    if (entered) this.parts.room.leave()
  }
}

/** More than that waits in the kernel. */
const EARLY_LIMIT = 65_536

const sizeOf = (chunks: readonly Buffer[]): number => chunks.reduce((sum, { length }) => sum + length, 0)

/** Nothing of a request is known in a tunnel: what counts is whether it was there. */
const ASKING = { requestSent: false, headComplete: false }
const TUNNELED = { requestSent: true, headComplete: true, upgrade: true }

/** A FIN is how a tunnel ends well. */
const hasFailed = ({ ending }: ConnectionBooks): boolean => ending !== undefined && ending.by !== 'fin'
