/**
 * The client's side of a mini proxy: one handler per request that writes what the upstream answers, as it comes, or
 * the proxy's own words when nothing can be had. A response that is cut upstream is cut here, never completed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Failure } from '../../core/failure.js'
import type { Asked, Dialect, Ended, PassedHead, Reached } from '../../dialects/dialect.js'
import { proxyErrorWord } from '../../dialects/proxy_error.js'
import type { ForwardEvent, Try } from '../../journal/events.js'
import { isBackground, isCheck } from '../check_mark.js'
import { monotonicMs, roundMs } from '../clock.js'
import type { RawFields } from '../exchange.js'
import { formatAddress, type Site } from '../site.js'
import { reset } from '../wire.js'
import type { UpstreamError } from './dispatcher.js'
import { countOn } from './earlier.js'
import { atEndOfTurn } from './end_of_turn.js'
import type { ErrorLogging } from './error_log.js'
import { Framing } from './framing.js'
import { trailerFields } from './headers.js'
import { bookRequest, type Sent } from './ledger.js'
import { own } from './owner.js'
import { discardBody } from './request_body.js'
import { Tunnel } from './tunnel.js'
import { release } from './upgrade.js'
import {
  askedBy,
  endWith,
  hangUp,
  headAsItCame,
  inItsWords,
  isInterim,
  mayBeChunked,
  say,
  sayAnew,
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
  private tunnel: Tunnel | undefined
  /** It would have been tried again, and might not. */
  denied: Sent['denied']
  /** It did not leave: it was hung up on, since it took no more of the response. */
  stalled = false
  /** Nothing of it came from a server now: it was kept, and fresh or not. */
  cached: ForwardEvent['cache']
  /** Says the head anew when it goes out. */
  private late: PassedHead['late']
  /** The first chunk, until the turn ends. */
  private held: Buffer | undefined
  private readonly framing = new Framing()
  /** Another request came before it on its connection. */
  private readonly again: boolean
  private flushed = false
  private complete = false
  private over = false
  /** How the upstream ended it, where it is over. */
  private ended: Ended | undefined
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
    private readonly log: Pick<ErrorLogging, 'clientLeft' | 'ended'>,
  ) {
    own(response, this)
    this.again = countOn(request) > 0
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
    if (status < 200 && isInterim(this.dialect, statusText)) {
      sayInterim(this.response, status, rawHeaders, this.request)
      return true
    }
    this.resume = resume
    if (this.dialect.passed) this.headInItsWords(status, rawHeaders, statusText)
    else this.headAsItCame(status, rawHeaders, statusText)
    this.status = status
    return true
  }

  private headAsItCame(status: number, rawHeaders: Buffer[], statusText: string): void {
    const { headers, proxyStatus, lengthTold } = headAsItCame(status, rawHeaders, this.request, this.response)
    this.lengthTold = lengthTold
    this.proxyStatus = this.dialect.received?.(proxyStatus, status, this.hop)
    if (this.proxyStatus !== undefined) headers.push('Proxy-Status', this.proxyStatus)
    headers.push(...this.own)
    sayHead(this.response, status, statusText, this.dialect.marked?.(headers, this.asked) ?? headers)
    atEndOfTurn(this)
  }

  private headInItsWords(status: number, rawHeaders: Buffer[], line: string): void {
    const headMs = monotonicMs() - this.started
    const head = inItsWords(this.dialect, status, line, rawHeaders, this.asked, headMs)
    this.framing.begin(head, headMs)
    this.lengthTold = true
    this.waitsForBody = !this.dialect.passesAtOnce
    this.late = head.late
    sayExactly(this.response, status, head)
    if (!this.waitsForBody) atEndOfTurn(this)
  }

  /** From here on the client and the upstream speak what they agreed on. */
  onUpgrade(status: number, rawHeaders: RawFields | null, upstream: Duplex): void {
    this.status = status
    const fields = (rawHeaders ?? []) as Buffer[]
    const head = switchedHead(this.dialect, status, fields, this.asked)
    this.framing.begin(head, monotonicMs() - this.started)
    this.tunnel = new Tunnel(release(this.response), upstream as Socket, Buffer.from(head.text, 'latin1'))
  }

  onData(chunk: Buffer): boolean {
    return this.write(this.framing.frame(chunk))
  }

  private write(chunk: Buffer): boolean {
    this.framing.count(chunk.length, this.response.chunkedEncoding)
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
    const end = this.framing.end(trailers)
    if (end) this.write(end)
    this.complete = true
    this.ended = 'well'
    if (this.tunnel) return this.left(this.tunnel)
    // Node writes them where the response is in chunks.
    if (trailers?.length && !this.lengthTold && mayBeChunked(this.status!, this.request, this.response))
      this.response.addTrailers(trailerFields(trailers))
    this.framing.count(0, this.response.chunkedEncoding)
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
    if (this.late) sayAnew(response, this.late(held, this.ended))
    if (this.complete && held !== undefined) endWith(response, held)
    else if (this.complete) response.end()
    else if (held !== undefined) response.write(held)
    // Bytes, not text: what a head holds may be any.
    else if (this.dialect.passed) response.write('', 'latin1')
    else response.flushHeaders()
  }

  get begun(): boolean {
    return this.status !== undefined
  }

  onError(error: Error): void {
    const { failure, target, silent, retried } = error as UpstreamError
    if (!this.finish()) return
    this.log.ended(this, failure, target)
    if (this.status !== undefined) {
      // The upstream's own end has passed through the tunnel; that the proxy gave up nobody has heard.
      if (!this.tunnel) this.cut(failure)
      else if (failure.manner === 'timeout') this.tunnel.close()
      return this.book({ failure, cut: true, proxy_error: proxyErrorWord(failure) })
    }
    if (!silent && !this.dialect.hangsUp?.(failure, this.asked))
      return this.answer(failure, { nextHop: target && formatAddress(target), retried })
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
    this.framing.count(answer.body.length, false)
    this.framing.payloadBytes = answer.body.length
    discardBody(this.request)
    this.book(this.cached ? {} : { failure, proxy_error: answer.proxyError })
  }

  private get asked(): Asked {
    return { ...askedBy(this.hop, this.id, this.request, this.response), again: this.again }
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
    this.ended = failure.manner === 'reset' ? 'lost' : 'failed'
    // Behind another response in the pipe: its turn comes first.
    if (!socket) return void response.once('socket', () => queueMicrotask(() => this.cut(failure)))
    if (this.dialect.endsBodies && response.chunkedEncoding) {
      this.complete = true
      return this.flushed ? void response.end() : this.flush()
    }
    // A head that waits for what cannot be had is not said.
    if (!this.waitsForBody || this.held !== undefined || failure.manner !== 'http') this.flush()
    if (response.chunkedEncoding || this.lengthTold) return socket.destroySoon()
    void reset(socket)
  }

  private left({ clientLeft }: Tunnel): void {
    if (clientLeft) this.log.clientLeft(this)
    this.book(clientLeft ? { client_left: true } : {})
  }

  private readonly closed = (): void => {
    const said = this.flushed && this.status !== undefined
    this.flushed = true
    if (!this.finish()) return
    if (!said && this.waitsForBody) this.status = undefined
    this.abort?.()
    this.log.clientLeft(this)
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
    const { site, hop, dialect, request, stalled, framing, denied, peer, tries, status, tunnel } = this
    if (tunnel) framing.payloadBytes = tunnel.bytes.down_bytes
    const marks = { health: isCheck(request), background: isBackground(request) }
    const said = { proxy_status: this.proxyStatus, cache: this.cached, ms: roundMs(monotonicMs() - this.started) }
    const ended = { peer, request: this.id, tries, tunnel: tunnel?.bytes, status, ...marks, ...said, ...end }
    bookRequest(site, hop, dialect, request, ended, { ...framing.sent, stalled, denied })
  }
}
