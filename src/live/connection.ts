/**
 * One connection to a server and the exchanges on it, one at a time: an undici Client of its own, so that request and
 * socket map one to one, with our timers and our books. Proxy and clients hold pools of them; it decides nothing.
 */
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { Client, type Dispatcher } from 'undici'
import { classify, type Ending, type Failure, type TimerName } from '../core/failure.js'
import type { Timeouts } from '../core/proxy/timeouts.js'
import type { ConnectionUse } from '../journal/events.js'
import { type ConnectionBooks, endingOf, openBooks, pageOf, watchReads } from './books.js'
import { afterGrace, roundMs, type Stop, startDeadline, withRealImmediate } from './clock.js'
import { dial } from './dial.js'
import { type ContinueFilter, filterContinue, isFramingKnown } from './incoming.js'
import { formatAddress, type Site, type Target } from './site.js'

export interface ExchangeRequest {
  method: string
  /** Origin form. */
  path: string
  /** Names and values in turn; without hop-by-hop fields. */
  headers: string[]
  body: Readable | Buffer | null
}

/** Names and values in turn, as undici and Node's parser give them. */
export type RawFields = readonly (Buffer | string)[]

/** Who asked, and gets to hear. `failed` or `end` comes last, once. */
export interface ExchangeListener {
  /** A response that is not the final one (RFC 9110 section 15.2), any number of times before `head`. */
  interim?(status: number, rawHeaders: Buffer[]): void
  /** False: wait for `resume` before the first data. */
  head(status: number, rawHeaders: Buffer[], statusText: string, resume: () => void): boolean
  /** False: wait for the `resume` that `head` was given. */
  data(chunk: Buffer): boolean
  /** With the fields of the trailer section. */
  end(trailers: RawFields): void
  /** `written`: bytes of the request may have reached the server. */
  failed(failure: Failure, written: boolean): void
}

/** Undici's own timers are off, and nothing is sent twice: no pipelining, one request per Client at a time. */
const QUIET = {
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 600_000,
  keepAliveMaxTimeout: 600_000,
  pipelining: 1,
}

export class Connection {
  books: ConnectionBooks
  readonly target: Target
  private readonly client: Client
  private readonly limits: Timeouts
  private exchange: Exchange | undefined
  private raw: Buffer | undefined
  private continues: ContinueFilter | undefined
  /** The connection can't be used again. */
  dead = false

  constructor(site: Site, target: Target, limits: Timeouts, onDead: (connection: Connection) => void) {
    this.target = target
    this.limits = limits
    this.books = openBooks(target.servername !== undefined)
    const scheme = target.servername === undefined ? 'http' : 'https'
    this.client = new Client(`${scheme}://${formatAddress(target)}`, {
      ...QUIET,
      connect: (_options, callback) => {
        // One Client is one connection: a second dial would mix two connections' books.
        if (this.books.requests > 1 || this.dead) return callback(new Error('the connection is gone'), null)
        dial(site, target, limits.connect, this.books, (error, stream) => {
          if (error) return callback(error, null)
          watchReads(this.books, stream!)
          // Not as setTimeout's own callback, which is called once.
          stream!.setTimeout(limits.read).on('timeout', () => this.exchange?.silent())
          stream!.on('error', (error) => this.exchange?.lost(error))
          if (this.raw) sayInstead(stream!, this.raw)
          this.continues = filterContinue(stream!, () => this.exchange?.interim(100, []))
          callback(null, stream!)
        })
      },
    })
    this.client.on('disconnect', () => {
      this.dead = true
      onDead(this)
    })
  }

  /** @param raw bytes that go out in the place of the request; the connection is for this one exchange only */
  run(request: ExchangeRequest, listener: ExchangeListener, raw?: Buffer): void {
    this.books.requests++
    this.raw = raw
    const exchange = new Exchange(this.books, this.limits, listener, () => {
      this.exchange = undefined
    })
    this.exchange = exchange
    this.continues?.begin()
    const { path, headers, body } = request
    const method = request.method as Dispatcher.HttpMethod
    // Undici closes behind HEAD, lest a body follow; one that does is noticed like any bytes that nobody asked for.
    const reset = method === 'HEAD' ? false : undefined
    withRealImmediate(() => this.client.dispatch({ method, path, headers, body, reset: reset as boolean }, exchange))
  }

  /** Stops the exchange without a word to its listener and closes the connection. */
  abandon(): void {
    this.exchange?.abandon()
    this.destroy()
  }

  destroy(): Promise<void> {
    this.dead = true
    this.books.abandoned = true
    const destroyed = this.client.destroy().catch(() => {})
    // Undici has no hold on a connection that is still being made.
    if (this.books.stream === undefined) this.books.raw?.destroy()
    return destroyed
  }

  /** The target as it was dialled; by its name where no address was found. */
  get reached(): Target {
    const { target, books } = this
    return { ...target, host: books.host ?? target.name ?? target.host }
  }

  /** For the journal, of the exchange that was run last. */
  get use(): ConnectionUse {
    const { secured, requests, local, connectMs, tlsMs, lookup } = this.books
    const address = formatAddress(this.reached)
    const tls = secured !== null
    if (requests > 1) return { address, local, reused: true, tls }
    return { address, local, reused: false, tls, lookup, connect_ms: roundMs(connectMs), tls_ms: roundMs(tlsMs) }
  }

  /** An exchange may begin: nothing has ended the connection yet, as far as anybody here knows. */
  get usable(): boolean {
    return !this.dead && this.books.ending === undefined && this.books.stream?.destroyed !== true
  }
}

/** What is written first becomes those bytes, and nothing follows: undici parses the answer, the request is not its own. */
function sayInstead(stream: Socket, bytes: Buffer): void {
  const write = stream.write.bind(stream)
  let said = false
  stream.write = () => {
    const first = !said
    said = true
    return first ? write(bytes) : true
  }
}

/** One request and its response: undici's handler on one side, our listener on the other. */
class Exchange implements Dispatcher.DispatchHandler {
  private readonly startBytes: number
  private requestSent = false
  private headComplete = false
  private bodiless = false
  private over = false
  private paused = false
  private stopWhole: Stop | undefined
  private abortRequest: ((error?: Error) => void) | undefined

  constructor(
    private readonly books: ConnectionBooks,
    private readonly limits: Timeouts,
    private readonly listener: ExchangeListener,
    private readonly onOver: () => void,
  ) {
    this.startBytes = books.stream?.bytesRead ?? 0
  }

  onConnect(abort: (error?: Error) => void): void {
    if (this.over) return abort()
    this.abortRequest = abort
    if (this.limits.send !== this.limits.read) this.books.stream?.setTimeout(this.limits.send)
  }

  onRequestSent(): void {
    this.requestSent = true
    if (this.limits.send !== this.limits.read) this.books.stream?.setTimeout(this.limits.read)
    const { response } = this.limits
    if (response !== undefined && !this.over) this.stopWhole = startDeadline(response, this.exceeded)
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    if (status < 200) return this.interim(status, rawHeaders)
    if (this.over) return true
    if (!isFramingKnown(rawHeaders)) return this.refuse('unknown transfer coding')
    try {
      const more = this.listener.head(status, rawHeaders, statusText, () => this.resume(resume))
      this.headComplete = true
      this.bodiless = status === 304 || status === 204
      return this.flow(more)
    } catch (error) {
      // Undici's parser lets control characters pass, in a reason phrase for one; node:http, which has to say them, does not.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_CHAR') throw error
      return this.refuse((error as Error).message)
    }
  }

  onData(chunk: Buffer): boolean {
    return this.over ? true : this.flow(this.listener.data(chunk))
  }

  onComplete(trailers: RawFields | null): void {
    // A body that ends with the connection is complete for undici even when the connection was reset.
    if (this.books.ending?.by === 'error') return this.fail(this.books.ending)
    this.ended(trailers ?? [])
  }

  onError(error: Error): void {
    // The length that a 304 may tell is one of a body elsewhere (RFC 9110 section 8.6); undici misses the body here.
    if (this.bodiless && 'code' in error && error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return this.ended([])
    this.fail(this.books.ending ?? endingOf(error, this.books.latest))
  }

  onUpgrade(): void {
    this.fail({ by: 'parser', message: 'unexpected upgrade' })
  }

  /** No byte moved for the time allowed, as far as is known: a busy loop lets its timers go before it looks. */
  silent(): void {
    const stream = this.books.stream!
    const progress = stream.bytesRead - stream.writableLength
    afterGrace(() => {
      if (stream.bytesRead - stream.writableLength === progress) this.late()
    })
  }

  private late(): void {
    if (this.paused || this.over) return
    const stream = this.books.stream
    // Nothing waits to be written: it is the caller's body that does not come, not the server that does not read.
    if (!this.requestSent && stream?.writableLength === 0) return void stream.setTimeout(this.limits.send)
    this.expire(this.requestSent ? 'read' : 'send')
  }

  /** A client that reads slowly does not stop this limit. */
  private readonly exceeded = (): void => this.expire('response')

  private expire(timer: TimerName): void {
    if (this.over) return
    this.books.ending ??= { by: 'timer', timer }
    this.fail({ by: 'timer', timer })
    this.abortRequest?.(new Error('timed out'))
  }

  /**
   * Hears of a socket's error before undici does, the books have it by then. Undici takes ECONNRESET for an end that it
   * may finish its parser with; of a paused one it then asserts that it is not, where nobody can catch it.
   */
  lost(error: NodeJS.ErrnoException): void {
    if (this.paused && error.code === 'ECONNRESET') error.code = 'EPIPE'
  }

  abandon(): void {
    if (this.finish()) this.abortRequest?.(new Error('abandoned'))
  }

  /** A protocol that nobody asked for is not spoken (RFC 9110 section 15.2.2); undici takes 101 alone for interim. */
  interim(status: number, rawHeaders: Buffer[]): boolean {
    if (status === 101 || status < 100) return this.refuse(status === 101 ? 'bad upgrade' : 'bad status')
    if (!this.over) this.listener.interim?.(status, rawHeaders)
    return true
  }

  /** The head can be parsed, and yet it is none to go on with. */
  private refuse(message: string): boolean {
    this.fail({ by: 'parser', message })
    this.abortRequest?.(new Error(message))
    return true
  }

  private flow(more: boolean): boolean {
    if (!more) this.paused = true
    return more
  }

  private resume(undiciResume: () => void): void {
    this.paused = false
    this.books.stream?.setTimeout(this.limits.read)
    undiciResume()
  }

  private ended(trailers: RawFields): void {
    if (this.finish()) this.listener.end(trailers)
  }

  private fail(ending: Ending): void {
    if (!this.finish()) return
    const page = { requestSent: this.requestSent, headComplete: this.headComplete }
    // Undici says onConnect, and with it how to abort, right before it writes.
    const written = this.abortRequest !== undefined
    this.listener.failed(classify(pageOf(this.books, page, this.startBytes), ending), written)
  }

  /** True the first time. */
  private finish(): boolean {
    if (this.over) return false
    this.over = true
    this.stopWhole?.()
    this.books.latest = undefined
    this.onOver()
    return true
  }
}
