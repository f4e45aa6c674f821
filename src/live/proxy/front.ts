/**
 * The client's side of a mini proxy: one handler per request that writes what the upstream answers, as it comes, or
 * the proxy's own words when nothing can be had. A response that is cut upstream is cut here, never completed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Failure } from '../../core/failure.js'
import type { Asked, Dialect, Reached } from '../../dialects/dialect.js'
import { proxyErrorWord } from '../../dialects/proxy_error.js'
import type { ForwardEvent, Try } from '../../journal/events.js'
import { isBackground, isCheck } from '../check_mark.js'
import { monotonicMs, roundMs } from '../clock.js'
import type { RawFields } from '../exchange.js'
import { formatAddress, type Site } from '../site.js'
import { reset } from '../wire.js'
import type { UpstreamError } from './dispatcher.js'
import { atEndOfTurn } from './end_of_turn.js'
import { responseHeaders, trailerFields } from './headers.js'
import { bookRequest, type Sent } from './ledger.js'
import { discardBody } from './request_body.js'
import { Tunnel } from './tunnel.js'
import { release } from './upgrade.js'
import {
  askedBy,
  endWith,
  framed,
  hangUp,
  inItsWords,
  offeredProtocols,
  say,
  sayExactly,
  sayHead,
  sayInterim,
  switchedHead,
  whenDrained,
} from './wording.js'

export class Downstream implements Dispatcher.DispatchHandler {
  readonly tries: Try[] = []
  /** Names and values that the hop adds to whatever it answers, in turn. */
  own: readonly string[] = []
  private readonly started = monotonicMs()
  private abort: (() => void) | undefined
  private resume: (() => void) | undefined
  private status: number | undefined
  private proxyStatus: string | undefined
  private lengthTold = false
  private waitsForBody = false
  readonly sent: Sent = { bodyBytes: 0, payloadBytes: 0, headMs: undefined, denied: undefined }
  private tunnel: Tunnel | undefined
  /** It did not leave: it was hung up on, since it took no more of the response. */
  stalled = false
  /** Nothing of it came from a server now: it was kept, and fresh or not. */
  cached: ForwardEvent['cache']
  /** The first chunk, until the turn ends. */
  private held: Buffer | undefined
  private flushed = false
  private complete = false
  private over = false
  private readonly piped: boolean
  /** Kept: a socket that is closed tells no address. */
  readonly peer: string | undefined

  constructor(
    private readonly site: Site,
    private readonly hop: string,
    private readonly dialect: Dialect,
    readonly id: string,
    readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    /** As long as the client may take nothing of a response. */
    private readonly patienceMs: number,
    private readonly onClientLeft: (downstream: Downstream) => void,
  ) {
    ;(response as Owned)[owner] = this
    if (site.journaling) this.peer = `${request.socket.remoteAddress}:${request.socket.remotePort}`
    response.on('close', this.closed)
    // Behind another response in the pipe: Node tells it of the client only when its turn comes.
    this.piped = response.socket === null
    if (this.piped) request.socket.setMaxListeners(0).on('close', this.closed)
  }

  onConnect(abort: () => void): void {
    this.abort = abort
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    if (status < 200 && !this.dialect.reads) return this.interim(status, rawHeaders)
    this.resume = resume
    if (this.dialect.passed) this.headInItsWords(status, rawHeaders, statusText)
    else this.headAsItCame(status, rawHeaders, statusText)
    this.status = status
    return true
  }

  private headAsItCame(status: number, rawHeaders: Buffer[], statusText: string): void {
    const { headers, proxyStatus, lengthTold, trailer } = responseHeaders(rawHeaders)
    this.lengthTold = lengthTold
    if (status === 426) headers.push(...offeredProtocols(rawHeaders, this.response))
    if (trailer !== undefined && this.willBeChunked(status)) headers.push('Trailer', trailer)
    this.proxyStatus = this.dialect.received?.(proxyStatus, status, this.hop)
    if (this.proxyStatus !== undefined) headers.push('Proxy-Status', this.proxyStatus)
    headers.push(...this.own)
    sayHead(this.response, status, statusText, this.dialect.marked?.(headers, this.asked) ?? headers)
    atEndOfTurn(this)
  }

  private headInItsWords(status: number, rawHeaders: Buffer[], line: string): void {
    this.sent.headMs = monotonicMs() - this.started
    const head = inItsWords(this.dialect, status, line, rawHeaders, this.asked, this.sent.headMs)
    this.lengthTold = true
    this.waitsForBody = !this.dialect.passesAtOnce
    sayExactly(this.response, status, head)
    if (!this.waitsForBody) atEndOfTurn(this)
  }

  /** Every one is passed on, but to a client of HTTP/1.0 (RFC 9110 section 15.2), as soon as its turn in the pipe comes. */
  private interim(status: number, rawHeaders: Buffer[]): boolean {
    if (this.request.httpVersionMinor > 0) sayInterim(this.response, status, rawHeaders)
    return true
  }

  /** From here on the client and the upstream speak what they agreed on. */
  onUpgrade(status: number, rawHeaders: RawFields | null, upstream: Duplex): void {
    this.status = status
    const fields = (rawHeaders ?? []) as Buffer[]
    const head = switchedHead(this.dialect, status, fields, this.asked)
    this.tunnel = new Tunnel(release(this.response), upstream as Socket, head)
  }

  /** Only then can trailers follow: no length is told, there may be a body, and the client knows chunks. */
  private willBeChunked(status: number): boolean {
    const bodiless = this.request.method === 'HEAD' || status === 204 || status === 304
    return !this.lengthTold && !bodiless && this.response.useChunkedEncodingByDefault
  }

  onData(chunk: Buffer): boolean {
    this.sent.payloadBytes += chunk.length
    this.sent.bodyBytes += framed(chunk.length, this.response.chunkedEncoding)
    if (!this.flushed && this.held === undefined) {
      this.held = chunk
      if (this.waitsForBody) atEndOfTurn(this)
      return true
    }
    this.flush()
    if (this.response.write(chunk)) return true
    this.waitForClient()
    return false
  }

  /** Until it has taken what was written, or took nothing of it for too long. */
  private waitForClient(): void {
    const stalled = () => {
      this.stalled = true
      this.response.socket!.destroy()
    }
    whenDrained(this.response, this.patienceMs, () => this.resume!(), stalled)
  }

  onComplete(trailers: RawFields | null): void {
    if (!this.finish()) return
    this.complete = true
    if (this.tunnel) return this.left(this.tunnel)
    if (trailers !== null && trailers.length > 0 && this.willBeChunked(this.status!)) {
      // Node writes them where the response is in chunks.
      this.response.addTrailers(trailerFields(trailers))
    }
    this.sent.bodyBytes += framed(0, this.response.chunkedEncoding)
    if (this.flushed) this.response.end()
    else if (this.waitsForBody && this.held === undefined) atEndOfTurn(this)
    discardBody(this.request)
    this.book({})
  }

  /** Head and what followed it at once, in one write; with the end, where that is known already. */
  flush(): void {
    if (this.flushed) return
    this.flushed = true
    const { held, response } = this
    this.held = undefined
    if (this.complete && held !== undefined) endWith(response, held)
    else if (this.complete) response.end()
    else if (held !== undefined) response.write(held)
    else response.flushHeaders()
  }

  get begun(): boolean {
    return this.status !== undefined
  }

  onError(error: Error): void {
    const { failure, target, silent, retried } = error as UpstreamError
    if (!this.finish()) return
    if (this.status !== undefined) {
      // The upstream's own end has passed through the tunnel; that the proxy gave up nobody has heard.
      if (!this.tunnel) this.cut(failure)
      else if (failure.manner === 'timeout') this.tunnel.close()
      return this.book({ failure, cut: true, proxy_error: proxyErrorWord(failure) })
    }
    if (!silent) return this.answer(failure, { nextHop: target && formatAddress(target), retried })
    hangUp(this.response)
    this.book({ failure, proxy_error: proxyErrorWord(failure) })
  }

  statusFor({ failure }: UpstreamError): number {
    return this.dialect.answer(failure, this.asked, { nextHop: undefined }).status
  }

  /** Nothing came from an upstream: the dialect has the words. */
  private answer(failure: Failure, reached: Reached): void {
    const answer = this.dialect.answer(failure, this.asked, reached)
    this.status = answer.status
    this.proxyStatus = answer.proxyStatus
    say(this.response, { ...answer, fields: [...answer.fields, ...this.own] })
    this.sent.bodyBytes = this.sent.payloadBytes = answer.body.length
    discardBody(this.request)
    this.book(this.cached ? {} : { failure, proxy_error: answer.proxyError })
  }

  private get asked(): Asked {
    return askedBy(this.hop, this.id, this.request, this.response)
  }

  /**
   * What follows of the request makes no sense, or does not come. True: it is yet to be answered, past this response;
   * false: what was begun is cut.
   */
  refuse(failure: Failure, status: number): boolean {
    if (!this.finish()) return false
    this.abort?.()
    discardBody(this.request)
    const begun = this.status !== undefined
    if (begun) this.cut(failure)
    else this.status = status
    this.book({ failure, cut: begun || undefined, proxy_error: proxyErrorWord(failure) })
    return !begun
  }

  /** The head is out, or goes out now, and the end never comes: FIN, or RST where only the close would tell the end. */
  private cut(failure: Failure): void {
    const { response } = this
    const socket = response.socket
    // Behind another response in the pipe: its turn comes first.
    if (!socket) return void response.once('socket', () => queueMicrotask(() => this.cut(failure)))
    // A head that waits for what cannot be had is not said.
    if (!this.waitsForBody || this.held !== undefined || failure.manner !== 'http') this.flush()
    if (response.chunkedEncoding || this.lengthTold) return socket.destroySoon()
    void reset(socket)
  }

  private left({ clientLeft }: Tunnel): void {
    if (clientLeft) this.onClientLeft(this)
    this.book(clientLeft ? { client_left: true } : {})
  }

  private readonly closed = (): void => {
    const said = this.flushed && this.status !== undefined
    this.flushed = true
    if (!this.finish()) return
    if (!said && this.waitsForBody) this.status = undefined
    this.abort?.()
    this.onClientLeft(this)
    this.book({ client_left: true })
  }

  /** True the first time. */
  private finish(): boolean {
    if (this.over) return false
    this.over = true
    if (this.piped) this.request.socket.removeListener('close', this.closed)
    return true
  }

  private book(end: Pick<ForwardEvent, 'failure' | 'cut' | 'client_left' | 'proxy_error'>): void {
    if (!this.site.journaling) return
    const { site, hop, dialect, request } = this
    const ended = {
      peer: this.peer,
      request: this.id,
      tries: this.tries,
      tunnel: this.tunnel?.bytes,
      status: this.status,
      health: isCheck(request),
      background: isBackground(request),
      proxy_status: this.proxyStatus,
      cache: this.cached,
      ms: roundMs(monotonicMs() - this.started),
      ...end,
    }
    bookRequest(site, hop, dialect, request, ended, this.sent)
  }
}

const owner = Symbol('downstream')
type Owned = ServerResponse & { [owner]?: Downstream }

/** Who writes that response; undefined for one that the proxy's handler never got. */
export const downstreamOf = (response: ServerResponse): Downstream | undefined => (response as Owned)[owner]
