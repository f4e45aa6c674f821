/**
 * The client's side of a mini proxy: one handler per request that writes what the upstream answers, as it comes, or
 * the proxy's own words when nothing can be had. A response that is cut upstream is cut here, never completed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Failure } from '../../core/failure.js'
import { proxyErrorWord } from '../../dialects/proxy_error.js'
import { appendProxyStatus, proxyStatusMember, statusOf } from '../../dialects/rfc9209.js'
import type { ForwardEvent, Try } from '../../journal/events.js'
import { isCheck } from '../check_mark.js'
import { monotonicMs, roundMs } from '../clock.js'
import { fieldOf, type RawFields } from '../exchange.js'
import { formatAddress, type Site } from '../site.js'
import { reset } from '../wire.js'
import type { UpstreamError } from './dispatcher.js'
import { atEndOfTurn } from './end_of_turn.js'
import { headBytes, responseHeaders, trailerFields } from './headers.js'
import { discardBody } from './request_body.js'
import { Tunnel } from './tunnel.js'
import { release } from './upgrade.js'

export class Downstream implements Dispatcher.DispatchHandler {
  readonly tries: Try[] = []
  private readonly started = monotonicMs()
  private abort: (() => void) | undefined
  private resume: (() => void) | undefined
  private status: number | undefined
  private proxyStatus: string | undefined
  private lengthTold = false
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
  private readonly peer: string | undefined

  constructor(
    private readonly site: Site,
    private readonly hop: string,
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
    if (status < 200) return this.interim(status, rawHeaders)
    this.resume = resume
    const { headers, proxyStatus, lengthTold, trailer } = responseHeaders(rawHeaders)
    this.lengthTold = lengthTold
    if (status === UPGRADE_REQUIRED) this.offer(rawHeaders, headers)
    if (trailer !== undefined && this.willBeChunked(status)) headers.push('Trailer', trailer)
    if (proxyStatus !== undefined || status >= 500) {
      this.proxyStatus = appendProxyStatus(proxyStatus, proxyStatusMember(this.hop, { receivedStatus: status }))
      headers.push('Proxy-Status', this.proxyStatus)
    }
    // Node holds the head back until something follows, or until it is flushed.
    this.response.writeHead(status, statusText === STATUS_CODES[status] ? statusText : octets(statusText), headers)
    this.status = status
    atEndOfTurn(this)
    return true
  }

  /** Every one is passed on, but to a client of HTTP/1.0 (RFC 9110 section 15.2), as soon as its turn in the pipe comes. */
  private interim(status: number, rawHeaders: Buffer[]): boolean {
    if (this.request.httpVersionMinor === 0) return true
    const { headers, proxyStatus } = responseHeaders(rawHeaders)
    if (proxyStatus !== undefined) headers.push('Proxy-Status', proxyStatus)
    const head = headBytes(status, headers)
    const { socket } = this.response
    // Node counts that one: an answer that comes without it, to a client that waits, is the connection's last.
    if (socket && status === 100) this.response.writeContinue()
    else if (socket) socket.write(head)
    else this.response.once('socket', (socket: Socket) => socket.write(head))
    return true
  }

  /** This answer has to name the protocol (RFC 9110 section 15.5.22), and the proxy passes such a request on. */
  private offer(rawHeaders: Buffer[], headers: string[]): void {
    const protocols = fieldOf(rawHeaders, 'upgrade')
    const last = this.response.shouldKeepAlive ? '' : ', close'
    if (protocols !== undefined) headers.push('Upgrade', protocols, 'Connection', `Upgrade${last}`)
  }

  /** From here on the client and the upstream speak what they agreed on. */
  onUpgrade(status: number, rawHeaders: RawFields | null, upstream: Duplex): void {
    this.status = status
    const fields = (rawHeaders ?? []) as Buffer[]
    const switched = ['Connection', 'Upgrade', 'Upgrade', fieldOf(fields, 'upgrade')!]
    const head = headBytes(status, [...switched, ...responseHeaders(fields).headers])
    this.tunnel = new Tunnel(release(this.response), upstream as Socket, head)
  }

  /** Only then can trailers follow: no length is told, there may be a body, and the client knows chunks. */
  private willBeChunked(status: number): boolean {
    const bodiless = this.request.method === 'HEAD' || status === 204 || status === 304
    return !this.lengthTold && !bodiless && this.response.useChunkedEncodingByDefault
  }

  onData(chunk: Buffer): boolean {
    if (!this.flushed && this.held === undefined) {
      this.held = chunk
      return true
    }
    this.flush()
    if (this.response.write(chunk)) return true
    this.waitForClient()
    return false
  }

  /** Until it has taken what was written, or took nothing of it for too long: Node's timer sees whether bytes move. */
  private waitForClient(): void {
    const { response } = this
    const socket = response.socket
    const stalled = () => {
      this.stalled = true
      socket!.destroy()
    }
    response.once('drain', () => {
      socket?.setTimeout(0)
      response.removeListener('timeout', stalled)
      this.resume!()
    })
    // Behind another response in the pipe it is not its turn to be late.
    if (!socket) return
    response.once('timeout', stalled)
    socket.setTimeout(this.patienceMs)
  }

  onComplete(trailers: RawFields | null): void {
    if (!this.finish()) return
    this.complete = true
    if (this.tunnel) return this.left(this.tunnel)
    if (trailers !== null && trailers.length > 0 && this.willBeChunked(this.status!)) {
      // Node writes them where the response is in chunks.
      this.response.addTrailers(trailerFields(trailers))
    }
    if (this.flushed) this.response.end()
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

  /** A status was sent. */
  get begun(): boolean {
    return this.status !== undefined
  }

  onError(error: Error): void {
    const { failure, target } = error as UpstreamError
    if (!this.finish()) return
    if (this.status !== undefined) {
      // The upstream's own end has passed through the tunnel; that the proxy gave up nobody has heard.
      if (!this.tunnel) this.cut()
      else if (failure.manner === 'timeout') this.tunnel.close()
      return this.book({ failure, cut: true, proxy_error: proxyErrorWord(failure) })
    }
    this.answer(failure, target && formatAddress(target))
  }

  /** Nothing came from an upstream: RFC 9209's recommended status, and who says so. */
  private answer(failure: Failure, nextHop: string | undefined): void {
    const status = statusOf(failure)
    const word = proxyErrorWord(failure)
    this.status = status
    this.proxyStatus = proxyStatusMember(this.hop, { failure, nextHop })
    const body = `${status} ${STATUS_CODES[status]}\n${failure.type}: ${failure.details}\n`
    // With its phrase: one that could not be written may have been left there.
    this.response.writeHead(status, STATUS_CODES[status], {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      'Proxy-Status': this.proxyStatus,
      'X-Proxy-Error': word,
      'X-Request-Id': this.id,
    })
    this.response.end(body)
    discardBody(this.request)
    this.book({ failure, proxy_error: word })
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
    if (begun) this.cut()
    else this.status = status
    this.book({ failure, cut: begun || undefined, proxy_error: proxyErrorWord(failure) })
    return !begun
  }

  /** The head is out, or goes out now, and the end never comes: FIN, or RST where only the close would tell the end. */
  private cut(): void {
    const { response } = this
    const socket = response.socket
    // Behind another response in the pipe: its turn comes first.
    if (!socket) return void response.once('socket', () => queueMicrotask(() => this.cut()))
    this.flush()
    if (response.chunkedEncoding || this.lengthTold) return socket.destroySoon()
    void reset(socket)
  }

  private left({ clientLeft }: Tunnel): void {
    if (clientLeft) this.onClientLeft(this)
    this.book(clientLeft ? { client_left: true } : {})
  }

  private readonly closed = (): void => {
    this.flushed = true
    if (!this.finish()) return
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
    this.site.journal({
      event: 'forward',
      t: this.site.now(),
      hop: this.hop,
      peer: this.peer,
      request: this.id,
      method: this.request.method!,
      path: this.request.url!,
      tries: this.tries,
      tunnel: this.tunnel?.bytes,
      status: this.status,
      health: isCheck(this.request),
      proxy_status: this.proxyStatus,
      cache: this.cached,
      ms: roundMs(monotonicMs() - this.started),
      ...end,
    })
  }
}

/** A reason phrase as Node wants its bytes: undici has read them as UTF-8. */
const octets = (phrase: string): string => Buffer.from(phrase).toString('latin1')

const UPGRADE_REQUIRED = 426

const owner = Symbol('downstream')
type Owned = ServerResponse & { [owner]?: Downstream }

/** Who writes that response; undefined for one that the proxy's handler never got. */
export const downstreamOf = (response: ServerResponse): Downstream | undefined => (response as Owned)[owner]

/** Node joins head and body in one buffer when the body is text; beyond a page that costs more than it saves. */
function endWith(response: ServerResponse, body: Buffer): void {
  if (body.length > 4096) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
}
