/**
 * One connection to a server and the exchanges on it, one at a time: an undici Client of its own, so that request and
 * socket map one to one, with our timers and our books. Proxy and clients hold pools of them; it decides nothing.
 */
import type { Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'
import type { TimerName } from '../core/failure.js'
import type { Timeouts } from '../core/proxy/timeouts.js'
import type { Reads } from '../dialects/reader.js'
import type { ConnectionUse } from '../journal/events.js'
import { type ConnectionBooks, openBooks } from './books.js'
import { withRealImmediate } from './clock.js'
import { reachedBy, useOf } from './connection_use.js'
import { dial } from './dial.js'
import { Exchange, type ExchangeListener, type ExchangeRequest } from './exchange.js'
import { type Incoming, readAs } from './incoming.js'
import { OnceClient } from './once.js'
import { openPassage } from './passage.js'
import { type ReadingIncoming, readBy } from './reading.js'
import { formatAddress, type Site, type Target } from './site.js'

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
  /** Made with the first request, which tells what it has to be able to do. */
  private client: Client | OnceClient | undefined
  private readonly limits: Timeouts
  private exchange: Exchange | undefined
  private raw: Buffer | undefined
  private method = ''
  private incoming: Incoming | undefined
  private reading: ReadingIncoming | undefined
  /** The connection can't be used again. */
  dead = false
  /** It could be, and should not. */
  spoilt = false
  /** Since when it waits in a pool, on the clock of clock.ts. */
  idleSince = 0

  constructor(
    private readonly site: Site,
    target: Target,
    limits: Timeouts,
    private readonly onDead: (connection: Connection) => void,
    /** Undefined: undici reads. */
    private readonly reads?: Reads,
  ) {
    this.target = target
    this.limits = limits
    this.books = openBooks(target.servername !== undefined, target.passage && openPassage(target.passage))
  }

  private createClient(once: boolean): Client | OnceClient {
    const connect = (_options: unknown, callback: (error: Error | null, stream: Socket | null) => void): void => {
      // One Client is one connection: a second dial would mix two connections' books.
      if (this.books.requests > 1 || this.dead) return callback(new Error('the connection is gone'), null)
      dial(this.site, this.target, this.limits.connect, this.books, (error, stream) => {
        if (error || !stream) return callback(error, null)
        // Not as setTimeout's own callback, which is called once.
        stream.setTimeout(this.limits.read).on('timeout', () => this.exchange?.silent())
        stream.on('error', (error) => this.exchange?.lost(error))
        stream.on('end', () => this.exchange?.serverEnded())
        if (this.isRefused) this.hearRefusal(stream, once)
        else if (this.raw) sayInstead(stream, this.raw)
        if (!once) this.readFrom(stream)
        callback(null, stream)
      })
    }
    const scheme = this.target.servername === undefined ? 'http' : 'https'
    // Of a URL undici wants a host, also where there is only a path to dial.
    const authority = this.target.path === undefined ? formatAddress(this.target) : 'localhost'
    const client = once
      ? new OnceClient(connect)
      : new Client(`${scheme}://${authority}`, { ...QUIET, connect: connect as never })
    client.on('disconnect', () => {
      this.dead = true
      this.onDead(this)
    })
    return client
  }

  /** What a gateway has answered is read as the response, and nothing is said to it any more. */
  private hearRefusal(stream: Socket, once: boolean): void {
    this.spoilt = true
    if (once) stream.write = () => true
    else sayNothing(stream)
  }

  private readFrom(stream: Socket): void {
    if (!this.reads) {
      this.incoming = readAs(this.books, stream, () => this.exchange?.interim(100, []))
      return
    }
    this.reading = readBy(stream, {
      head: (head) => this.exchange?.understood(head),
      interim: (status, fields) =>
        this.exchange?.interim(
          status,
          fields.map((part) => Buffer.from(part, 'latin1')),
        ),
      invalid: (message, seen) => void this.exchange?.refuse(message, seen),
      note: (note) => this.exchange?.note(note),
      spoilt: () => {
        this.spoilt = true
      },
    })
    this.reading.begin(this.reads(this.method))
  }

  /** @param raw bytes that go out in the place of the request; the connection is for this one exchange only */
  run(request: ExchangeRequest, listener: ExchangeListener, raw?: Buffer): void {
    this.books.requests++
    this.raw = raw
    const { path, headers, body, once } = request
    const over = () => {
      this.exchange = undefined
    }
    const ownReader = this.reads !== undefined
    const anyProtocol = ownReader && !this.reads?.passesInterims
    const words = () => this.reading?.words()
    const ways = { headAtOnce: ownReader && once === undefined, anyProtocol, words }
    const exchange = new Exchange(this.books, this.limits, listener, once?.upgrade, over, ways)
    this.exchange = exchange
    const method = request.method as Dispatcher.HttpMethod
    this.method = method
    this.incoming?.begin()
    this.reading?.begin(this.reads!(method))
    // Undici closes behind HEAD, lest a body follow; one that does is noticed like any bytes that nobody asked for.
    const reset = method === 'HEAD' ? false : undefined
    this.client ??= this.createClient(once !== undefined)
    const { client } = this
    if (once) (client as OnceClient).dispatch({ method, path, headers, body, trailers: once.trailers }, exchange)
    else withRealImmediate(() => client.dispatch({ method, path, headers, body, reset: reset as boolean }, exchange))
  }

  /** Whoever runs the exchange has waited for long enough, in whatever stage it is: it fails as with a timer of ours. */
  expire(timer: TimerName = 'read'): void {
    this.exchange?.expire(timer)
  }

  /** Stops the exchange without a word to its listener and closes the connection. */
  abandon(): void {
    this.exchange?.abandon()
    this.destroy()
  }

  destroy(): Promise<void> {
    this.dead = true
    this.books.abandoned = true
    const destroyed = this.client?.destroy().catch(() => {}) ?? Promise.resolve()
    // Undici has no hold on a connection that is still being made.
    if (this.books.stream === undefined) this.books.raw?.destroy()
    return destroyed
  }

  get reached(): Target {
    return reachedBy(this.books, this.target)
  }

  /** A gateway has answered in the place of the destination, whom it does not let through to. */
  private get isRefused(): boolean {
    return this.books.passage?.status !== undefined && this.books.passage.at !== 'through'
  }

  /** For the journal, of the exchange that was run last. */
  get use(): ConnectionUse {
    return useOf(this.books, this.target)
  }

  /** Of a tunnel: the exit that its gateway told of. */
  get exit(): string | undefined {
    return this.books.passage?.exit
  }

  /** An exchange may begin: nothing has ended the connection yet, as far as anybody here knows. */
  get usable(): boolean {
    return !this.dead && !this.spoilt && this.books.ending === undefined && this.books.stream?.destroyed !== true
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

/** The answer is there before undici writes its request, and would be one that nobody asked for. */
function sayNothing(stream: Socket): void {
  const read = stream.read.bind(stream)
  let asked = false
  stream.read = (size?: number) => (asked ? read(size) : null)
  stream.write = () => {
    if (!asked) process.nextTick(() => stream.emit('readable'))
    asked = true
    return true
  }
}
