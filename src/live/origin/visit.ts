/** What an origin keeps of a connection and of a request that it read, and what it journals of them. */
import type { Hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { crc32 } from 'node:zlib'
import { parseRetryAfter } from '../../core/client/retry_after.js'
import type { Spent } from '../../core/origin/capacity.js'
import type { ServedOutcome } from '../../journal/events.js'
import { isBackground, isCheck } from '../check_mark.js'
import { monotonicMs, roundMs, wallMs } from '../clock.js'
import type { Line } from '../faults.js'
import type { Site } from '../site.js'

/** One accepted connection on which HTTP is spoken. */
export interface HttpLine extends Line {
  /** The n-th connection of its origin, from 1. */
  ordinal: number
  requests: number
  /** Calls off what happens while it is idle. */
  waiting: (() => void)[]
}

/** One request that was read, for the journal. */
export class Visit {
  readonly id: string
  private readonly started = monotonicMs()
  readonly ordinal: number
  /** Body bytes that were read, and their digest where somebody wants it. */
  bytes = 0
  hash: Hash | undefined
  private crc = 0
  /** The body was read to its end. */
  whole = false
  private promise: { header: string; ms: number | undefined; since: number } | undefined
  private readonly kept: Buffer[] = []
  /** In a queue or a worker: its end is told when it leaves there. */
  atWork = false
  /** What it took, when its work is done. */
  spent: Spent | undefined
  /** It is answered, but only to turn it away. */
  turnedAway: 'shed' | 'refused' | undefined
  private begin = ''
  private booked = false

  constructor(
    private readonly site: Site,
    private readonly hop: string,
    readonly line: HttpLine,
    readonly request: IncomingMessage,
    /** So many bytes of the body are journaled; none if absent. */
    private readonly keep: number | undefined,
  ) {
    this.ordinal = line.requests
    this.id = (request.headers['x-request-id'] as string | undefined) ?? ''
  }

  read(chunk: Buffer): void {
    if (this.keep !== undefined && this.bytes < this.keep) this.kept.push(chunk.subarray(0, this.keep - this.bytes))
    this.bytes += chunk.length
    this.crc = crc32(chunk, this.crc)
    this.hash?.update(chunk)
  }

  /** Bytes of the response that are on the wire, where node:http did not write them. */
  wrote(bytes: Buffer): void {
    if (this.begin.length < STATUS_LINE.length) this.begin += bytes.toString('latin1', 0, STATUS_LINE.length)
  }

  book(outcome: ServedOutcome, status = this.statusSent(), health = isCheck(this.request)): void {
    if (this.booked || this.atWork) return
    this.booked = true
    this.site.journal({
      event: 'served',
      t: this.site.now(),
      hop: this.hop,
      peer: this.line.peer,
      request: this.id,
      method: this.request.method!,
      path: this.request.url!,
      ordinal: this.ordinal,
      status: outcome === 'aborted' || outcome === 'wasted' ? undefined : status,
      request_bytes: this.bytes,
      body_crc: this.whole ? this.crc : undefined,
      request_body: this.kept.length > 0 ? Buffer.concat(this.kept).toString() : undefined,
      outcome,
      ...(SENT_WHOLE.has(outcome) && this.promised()),
      queued_ms: roundMs(this.spent?.queued_ms),
      locked_ms: roundMs(this.spent?.locked_ms),
      worked_ms: roundMs(this.spent?.worked_ms),
      health,
      background: isBackground(this.request),
      ms: roundMs(monotonicMs() - this.started),
    })
  }

  /** The response that is now begun asks for that, in its Retry-After. */
  promises(header: string | undefined): void {
    this.promise = header === undefined ? undefined : promiseOf(header)
  }

  /** A client may have read it, and begun to wait, before we hear that all of it is written. */
  private promised() {
    if (!this.promise) return
    const { header, ms, since } = this.promise
    const left = ms === undefined ? undefined : roundMs(Math.max(0, ms - (monotonicMs() - since)))
    return { retry_after: header, retry_after_ms: left }
  }

  private statusSent(): number | undefined {
    const code = /^HTTP\/1\.\d ([1-5]\d\d)/.exec(this.begin)?.[1]
    return code === undefined ? undefined : Number(code)
  }
}

const promiseOf = (header: string) => ({ header, ms: parseRetryAfter(header, wallMs()), since: monotonicMs() })

/** Their head is on the wire, with all that it says. */
const SENT_WHOLE: ReadonlySet<ServedOutcome> = new Set(['answered', 'shed', 'refused'])

/** What a peer needs to know the status. */
const STATUS_LINE = 'HTTP/1.1 200'
