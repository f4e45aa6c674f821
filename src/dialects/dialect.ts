/**
 * What a product says, and what it makes of what it reads: the shape of one entry of the table in index.ts. A mini proxy
 * asks the dialect of its hop. A dialect sees failures, heads and bytes, never a cause, a fault or a scenario.
 */
import type { Failure } from '../core/failure.js'
import type { Timeouts } from '../core/proxy/timeouts.js'
import type { ErrorLog, LogContext, LogLine } from './log_line.js'
import type { Reads } from './reader.js'

export interface Dialect {
  /** One line for help and docs. */
  summary: string
  /** It counts time in steps of so long. */
  tickMs: number
  /** When no server is left after tries, it answers for the last of them, not for the want of another. */
  tellsLast: boolean
  /** It says in `Via` that it was there. */
  via: boolean
  /** Whatever stands in Host is passed on; undefined: a request whose Host is none is refused. */
  anyHost?: true
  /**
   * `100 Continue` is its own word, and the trailers of a request are lost. A body in chunks that is there whole when the
   * request goes on, and has no more than so many bytes, goes on with its length told. Undefined: bodies pass through.
   */
  takesBodies?: number
  /**
   * So many bytes of a body are waited for before its request goes on, unless that says `Expect`. If all of it has come by
   * then, its length is told; trailers are lost. Undefined: it goes on as it comes.
   */
  readsAhead?: number
  /** A body whose length was not told ends as if it were complete where the upstream fails. */
  endsBodies?: true
  /** How it reads responses; undefined: as undici does. */
  reads?: Reads
  /** Its time limits towards servers, of those that it is told; undefined: as they are. */
  limits?: (told: Timeouts) => Timeouts
  /** Nothing can be had from an upstream. */
  answer(failure: Failure, to: Asked, from: Reached): Answer
  /** In the place of an answer the connection is closed without a word. */
  hangsUp?: (failure: Failure, to: Asked) => boolean
  /** The request is not passed on; undefined: the connection is closed without a word. */
  refusal(status: number, failure: Failure, to: Asked): Answer | undefined
  /** What it writes to its error log, and no more than that; undefined: what nginx does. */
  errorLog?: Partial<ErrorLog>
  /** Its line about a request that is not passed on in the error log, if it has one. */
  refusedLine?: (failure: Failure, context: LogContext) => LogLine | undefined
  /** The head of what an upstream answered, in its own words; undefined: as it came. */
  passed?: (head: UpstreamHead, to: Asked) => PassedHead
  /** Such a head goes out as soon as it is there; undefined: with the first part of the body, as from a buffer. */
  passesAtOnce?: boolean
  /** The fields of what an upstream answered and is passed on as it came, with its own marks among them. */
  marked?: (fields: readonly string[], to: Asked) => string[]
  /** The same, calling itself that in `Server`; undefined where it says no such thing, or always the same. */
  named?: (server: string) => Dialect
  /** The Proxy-Status of what an upstream answered; undefined for none. */
  received?: (existing: string | undefined, status: number, hop: string) => string | undefined
  /** A line of its access log, if it has one; undefined where it has none for this request. */
  access?: (entry: AccessEntry) => string | undefined
}

/** Who asked, and how. */
export interface Asked {
  /** The hop that answers. */
  hop: string
  method: string
  /** Another request came before it on its connection. */
  again?: boolean | undefined
  /** It is kept open after the answer, as far as the client is concerned. */
  keepAlive: boolean
  /** The client knows chunks. */
  chunks: boolean
  /** So many requests came before it on its connection. */
  earlier?: number | undefined
  /** Its Connection field. */
  connection?: string | undefined
  userAgent?: string | undefined
  host?: string | undefined
  /** The port at which it asked. */
  port?: number | undefined
  /** Its X-Request-Id. */
  id: string
  /** The time of day, as HTTP writes it (RFC 9110 section 5.6.7). */
  date: string
}

/** Who was asked last: host:port, or nobody. */
export interface Reached {
  nextHop: string | undefined
  /** It was not the first try. */
  retried?: boolean | undefined
}

/** A whole response. */
export interface Answer {
  status: number
  reason: string
  /** Names and values in turn, in the order in which they stand on the wire. */
  fields: string[]
  /** Nothing is put beside them, no date and nothing of the connection. */
  exact?: true
  body: string
  /** What the fields say of the failure, for the journal. */
  proxyStatus?: string | undefined
  proxyError?: string | undefined
}

/** Latin-1, as it came. */
export interface UpstreamHead {
  status: number
  /** The status line from the status on. */
  line: string
  fields: readonly string[]
  /** Since the request came. */
  ms?: number | undefined
}

/** How an upstream's response came to its end; `lost`: with the connection, by an RST. */
export type Ended = 'well' | 'failed' | 'lost'

export interface PassedHead {
  /** The whole head as it goes on the wire, Latin-1; empty for none. */
  text: string
  /** The body goes out in chunks. */
  chunked: boolean
  /** The connection ends with it. */
  last: boolean
  /** The size of a chunk as the product writes it; undefined: as Node does. */
  chunkSize?: (bytes: number) => string
  /** What the product's log counts of it. */
  counted?: number
  /**
   * The same once it goes out, where what it says depends on the first bytes of the body that go with it.
   * @param ended undefined: more is to come
   */
  late?: (first: Uint8Array | undefined, ended: Ended | undefined) => Pick<PassedHead, 'text' | 'chunked'>
}

/** One request, as it ended. */
export interface AccessEntry {
  hop?: string | undefined
  /** The client with its port. */
  peer?: string | undefined
  /** It was not passed on. */
  refused?: boolean | undefined
  /** The client left because it was hung up on: it took no more of the response. */
  stalled?: boolean | undefined
  /** What the product counts of the head that it passed on, and whether the body was in chunks, and came to its end. */
  headCounted?: number | undefined
  chunked?: boolean | undefined
  whole?: boolean | undefined
  client: string
  /** The request line. */
  request: string
  referer?: string | undefined
  userAgent?: string | undefined
  /** Undefined: nothing was said. */
  status: number | undefined
  clientLeft: boolean
  /** Of the response, with the framing of chunks. */
  bodyBytes: number
  tries: readonly AccessTry[]
  /** The time of day at its end, as HTTP writes it. */
  date: string
  /** Its X-Request-Id. */
  id?: string | undefined
  host?: string | undefined
  forwardedFor?: string | undefined
  /** The time of day at its start, in UTC to a millisecond (RFC 3339), and how long it took. */
  startedAt?: string | undefined
  ms?: number | undefined
  /** Until the head of what was passed on came. */
  headMs?: number | undefined
  /** Of the request's body, and of the response's, without the framing of chunks. */
  receivedBytes?: number | undefined
  payloadBytes?: number | undefined
  /** Why there was no response to pass on, or no end of one. */
  failure?: Failure | undefined
  /** What was begun was cut. */
  cut?: boolean | undefined
  /** It would have been tried again, and had been as often as it may, or there were too many others. */
  denied?: 'exhausted' | 'refused' | undefined
}

export interface AccessTry {
  /** The name of the server; undefined where none was chosen. */
  server?: string | undefined
  /** host:port, or who was to be chosen from. */
  address: string
  status?: number | undefined
  failure?: Failure | undefined
  /** The connection had served a request before. */
  reused?: boolean | undefined
  queuedMs?: number | undefined
  connectMs?: number | undefined
  ms: number
}
