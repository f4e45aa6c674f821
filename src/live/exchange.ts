/**
 * One request and its response on a connection: undici's handler, or once.ts's, on one side, our listener on the other.
 * It watches the timers and the books, and tells how the exchange ended; live/connection.ts makes one for each request.
 */
import type { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { classify, type Ending, type Failure, type TimerName } from '../core/failure.js'
import type { Timeouts } from '../core/proxy/timeouts.js'
import { type ConnectionBooks, endingOf, pageOf } from './books.js'
import { afterGrace, type Stop, startDeadline } from './clock.js'
import { isFramingKnown } from './incoming.js'
import type { Note, ReadHead } from './reading.js'

export interface ExchangeRequest {
  method: string
  /** Origin form. */
  path: string
  /** Names and values in turn; without hop-by-hop fields. */
  headers: string[]
  body: Readable | Buffer | null
  /** What only a connection made for it can do; its fields of the hop are in `headers` then. */
  once?: Once | undefined
}

export interface Once {
  /** The protocol that was asked for. */
  upgrade?: string | undefined
  /** Asked for when the body has ended. */
  trailers?: (() => [name: string, value: string][]) | undefined
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
  /** Another protocol is spoken from now on, on that stream; `end` or `failed` still comes last. */
  switched?(rawHeaders: Buffer[], stream: Socket): void
  /** Something about the response that is no failure, in words for a log. */
  noted?(note: Note): void
  /** Undici takes no such request, so none was sent; `failed` follows. */
  impossible?(why: string): void
  /** With the fields of the trailer section. */
  end(trailers: RawFields): void
  /** `written`: bytes of the request may have reached the server. */
  failed(failure: Failure, written: boolean): void
}

/** What a product does otherwise. */
export interface Ways {
  /** The read limit is one for the whole head. */
  headAtOnce?: boolean
  /** Whatever protocol a server switches to is the one that was asked for. */
  anyProtocol?: boolean
  /** What the reader of the response says of what has come. */
  words?: () => string | undefined
}

/** One request and its response: undici's handler on one side, our listener on the other. */
export class Exchange implements Dispatcher.DispatchHandler {
  private readonly startBytes: number
  private requestSent = false
  private headComplete = false
  private bodiless = false
  private over = false
  private paused = false
  private allRead = false
  private undiciResume: (() => void) | undefined
  private stopWhole: Stop | undefined
  private stopHead: Stop | undefined
  /** The head as a reader of ours understood it; undici has another one then. */
  private readHead: ReadHead | undefined
  private abortRequest: ((error?: Error) => void) | undefined

  constructor(
    private readonly books: ConnectionBooks,
    private readonly limits: Timeouts,
    private readonly listener: ExchangeListener,
    /** The protocol that was asked for. */
    private readonly upgrade: string | undefined,
    private readonly onOver: () => void,
    private readonly ways: Ways = {},
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
    if (this.over) return
    if (response !== undefined) this.stopWhole = startDeadline(response, this.exceeded)
    if (this.ways.headAtOnce && !this.readHead)
      this.stopHead = startDeadline(this.limits.read, () => this.expire('read'))
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void, statusText: string): boolean {
    if (this.readHead) return this.headRead(this.readHead, resume)
    if (status < 200) return this.interim(status, rawHeaders)
    if (this.over) return true
    if (!isFramingKnown(rawHeaders)) return this.refuse('unknown transfer coding')
    try {
      this.undiciResume = resume
      const more = this.listener.head(status, rawHeaders, statusText, this.resume)
      this.headComplete = true
      this.bodiless = status === 304 || status === 204
      return this.flow(more)
    } catch (error) {
      // Undici's parser lets control characters pass, in a reason phrase for one; node:http, which has to say them, does not.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_CHAR') throw error
      return this.refuse((error as Error).message)
    }
  }

  /** A reader of ours has the head; undici is about to be told of it. */
  understood(head: ReadHead): void {
    this.readHead = head
    this.stopHead?.()
  }

  note(note: Note): void {
    if (!this.over) this.listener.noted?.(note)
  }

  /** Interim is what that reader calls so, and it framed the body itself. */
  private headRead({ status, line, fields }: ReadHead, resume: () => void): boolean {
    if (this.over) return true
    this.undiciResume = resume
    this.headComplete = true
    const raw = fields.map((part) => Buffer.from(part, 'latin1'))
    return this.flow(this.listener.head(status, raw, line, this.resume))
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
    if ('code' in error && UNSENT.has(String(error.code))) this.listener.impossible?.(error.message)
    this.fail(this.books.ending ?? endingOf(error, this.books.latest))
  }

  onUpgrade(_status: number, rawHeaders: RawFields | null, stream: Duplex): void {
    if (this.over) return void stream.destroy()
    // A server switches to what was asked for and to nothing else (RFC 9110 section 7.8).
    const fields = (rawHeaders ?? []) as Buffer[]
    const { upgrade, ways } = this
    if (upgrade === undefined || !(ways.anyProtocol || switchesTo(upgrade, fields)))
      return void this.refuse('bad upgrade')
    this.headComplete = true
    // The response is there, whole; what follows may take its time.
    this.stopWhole?.()
    // `books.ending` tells the ends apart: the socket's first word is heard there.
    stream.once('close', () => {
      const { ending } = this.books
      if (ending?.by === 'error') this.fail(ending)
      else this.ended([])
    })
    this.listener.switched!(fields, stream as Socket)
  }

  /** No byte moved for the time allowed, as far as is known: a busy loop lets its timers go before it looks. */
  silent(): void {
    const stream = this.books.stream!
    const moved = bytesMoved(stream)
    afterGrace(() => {
      if (bytesMoved(stream) === moved) this.late()
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

  expire(timer: TimerName): void {
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

  /**
   * Hears of the server's FIN before undici does, which takes a paused parser at that moment for its own mistake and
   * says so where nobody can catch it. All bytes have been read by then: there is nothing left to hold back.
   */
  serverEnded(): void {
    this.allRead = true
    if (this.paused) this.resume()
  }

  abandon(): void {
    if (this.finish()) this.abortRequest?.(new Error('abandoned'))
  }

  /** A protocol that nobody asked for is not spoken (RFC 9110 section 15.2.2); undici takes 101 alone for interim. */
  interim(status: number, rawHeaders: Buffer[]): boolean {
    if (status === 101 || status < 100) return this.refuse(status === 101 ? 'bad upgrade' : 'bad status')
    // A product that knows none of them has nobody to pass them on to.
    if (!this.over && !this.ways.anyProtocol) this.listener.interim?.(status, rawHeaders)
    return true
  }

  /** The head can be parsed, and yet it is none to go on with. */
  refuse(message: string, seen?: string): boolean {
    this.fail({ by: 'parser', message, seen })
    this.abortRequest?.(new Error(message))
    return true
  }

  private flow(more: boolean): boolean {
    if (more || this.allRead) return true
    this.paused = true
    return false
  }

  private readonly resume = (): void => {
    this.paused = false
    this.books.stream?.setTimeout(this.limits.read)
    this.undiciResume?.()
  }

  private ended(trailers: RawFields): void {
    if (this.finish()) this.listener.end(trailers)
  }

  private fail(ending: Ending): void {
    if (!this.finish()) return
    const page = {
      requestSent: this.requestSent,
      headComplete: this.headComplete,
      upgrade: this.upgrade !== undefined,
    }
    // Undici says onConnect, and with it how to abort, right before it writes.
    const written = this.abortRequest !== undefined
    const failure = classify(pageOf(this.books, page, this.startBytes), ending)
    const said = this.ways.words?.()
    this.listener.failed(said === undefined ? failure : { ...failure, said }, written)
  }

  /** True the first time. */
  private finish(): boolean {
    if (this.over) return false
    this.over = true
    this.stopWhole?.()
    this.stopHead?.()
    this.books.latest = undefined
    this.onOver()
    return true
  }
}

/** Undici's, for a request that it does not send. */
const UNSENT = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'])

function switchesTo(protocol: string, rawHeaders: readonly Buffer[]): boolean {
  const said = fieldOf(rawHeaders, 'upgrade')
  return said !== undefined && said.trim().toLowerCase() === protocol
}

/** The value of the first field of that name, which is given in lower case. */
export function fieldOf(rawHeaders: readonly Buffer[], name: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toString('latin1').toLowerCase() === name)
      return rawHeaders[i + 1]!.toString('latin1')
  }
  return undefined
}

/** Read from a socket and handed to its kernel. */
const bytesMoved = (stream: Socket): number => stream.bytesRead + stream.bytesWritten - stream.writableLength
