/**
 * A mini proxy's cache between its front and its dispatcher: answers from it, fills it with what passes, and lets a
 * stale response stand in for a failure. What may be kept and used is for core/proxy/cache.ts to say.
 */
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import {
  ageSeconds,
  type Cache,
  type CacheConfig,
  type CacheReport,
  cacheStatusMember,
  createCache,
  type Entry,
  type Forwarded,
  isErrorStatus,
  MOST_BYTES,
  type Terms,
} from '../../core/proxy/cache.js'
import { alignedMs } from '../clock.js'
import type { RawFields } from '../exchange.js'
import type { UpstreamError, UpstreamRequest } from './dispatcher.js'
import type { Downstream } from './front.js'
import { textOf } from './wording.js'

/** A whole response; or why there was none, which is worded anew for each request that it answers. */
type Kept = Response | { error: UpstreamError }

interface Response {
  status: number
  statusText: string
  fields: readonly Buffer[]
  body: Buffer
}

export type Dispatch = (handler: Dispatcher.DispatchHandler) => void

export interface Caching {
  /** Answers it, or has it dispatched. */
  handle(request: UpstreamRequest, downstream: Downstream, dispatch: Dispatch): void
}

export function createCaching(hop: string, config: CacheConfig): Caching {
  const cache = createCache<Kept>(config)
  return {
    handle(request, downstream, dispatch) {
      const now = alignedMs()
      const looked = cache.look(request, now)
      const course = new CachingCourse(hop, cache, request, downstream, now)
      if (looked.do === 'answer') return course.answer({ from: 'cache', entry: looked.entry })
      course.forwarded(looked.why, looked.entry)
      dispatch(course)
    },
  }
}

/** One request. */
class CachingCourse implements Dispatcher.DispatchHandler {
  private why: Forwarded = 'bypass'
  private stale: Entry<Kept> | undefined
  /** The server's error, which the stale response is to hide. */
  private hidden: number | undefined
  private kept: (Omit<Response, 'body'> & { terms: Terms; chunks: Buffer[]; bytes: number }) | undefined

  constructor(
    private readonly hop: string,
    private readonly cache: Cache<Kept>,
    private readonly request: UpstreamRequest,
    private readonly downstream: Downstream,
    private readonly askedMs: number,
  ) {}

  forwarded(why: Forwarded, stale: Entry<Kept> | undefined): void {
    this.why = why
    this.stale = stale
  }

  answer(report: Exclude<CacheReport<Kept>, { from: 'server' }>): void {
    const { downstream } = this
    const { kept } = report.entry
    const more = [...rawField('Age', String(ageSeconds(report.entry, alignedMs()))), ...this.said(report)]
    downstream.cached = report.from === 'cache' ? 'hit' : 'stale'
    if ('error' in kept) {
      downstream.own = textOf(more)
      return downstream.onError(kept.error)
    }
    const { status, statusText, fields, body } = kept
    downstream.onHeaders(status, [...fields, ...more], () => {}, statusText)
    if (body.length > 0) downstream.onData(body)
    downstream.onComplete(null)
  }

  onConnect(abort: () => void): void {
    this.downstream.onConnect(abort)
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, statusText: string): boolean {
    const { downstream, cache, request } = this
    if (status < 200) return downstream.onHeaders(status, raw, resume, statusText)
    if (this.stale && isErrorStatus(status)) {
      this.hidden = status
      return true
    }
    cache.answered(request, status)
    const terms = this.wanted ? cache.terms(status, (name) => allOf(raw, name)) : undefined
    if (terms) this.kept = { terms, status, statusText, fields: withoutAge(raw), chunks: [], bytes: 0 }
    const more = this.said({ from: 'server', why: this.why, stored: terms !== undefined })
    return downstream.onHeaders(status, [...raw, ...more], resume, statusText)
  }

  onUpgrade(status: number, raw: RawFields | null, stream: Duplex): void {
    this.downstream.onUpgrade(status, raw, stream)
  }

  onData(chunk: Buffer): boolean {
    if (this.hidden !== undefined) return true
    const { kept } = this
    if (kept) {
      kept.bytes += chunk.length
      // A copy: the buffer is the socket's.
      if (kept.bytes <= MOST_BYTES) kept.chunks.push(Buffer.from(chunk))
      else this.kept = undefined
    }
    return this.downstream.onData(chunk)
  }

  onComplete(trailers: RawFields | null): void {
    if (this.hidden !== undefined) return this.standIn()
    const { kept } = this
    if (kept && (trailers === null || trailers.length === 0)) {
      const { status, statusText, fields, chunks } = kept
      const response = { status, statusText, fields, body: Buffer.concat(chunks) }
      this.cache.put(this.request, response, kept.terms, this.askedMs)
    }
    this.downstream.onComplete(trailers)
  }

  onError(error: Error): void {
    const { downstream, cache, request } = this
    if (downstream.begun) return downstream.onError(error)
    if (this.stale) return this.standIn()
    const terms = this.wanted ? cache.ownTerms(downstream.statusFor(error as UpstreamError)) : undefined
    // Its time runs from the answer on: what failed may have taken long.
    if (terms) cache.put(request, { error: error as UpstreamError }, terms, alignedMs())
    downstream.own = textOf(this.said({ from: 'server', why: this.why, stored: terms !== undefined }))
    downstream.onError(error)
  }

  /** What comes for it may be kept. */
  private get wanted(): boolean {
    return this.why === 'uri-miss' || this.why === 'stale'
  }

  private standIn(): void {
    this.answer({ from: 'stale', entry: this.stale!, status: this.hidden })
  }

  /** Our member of Cache-Status, in a field line of its own behind those of the caches before. */
  private said(report: CacheReport<Kept>): Buffer[] {
    return rawField('Cache-Status', cacheStatusMember(this.hop, report, alignedMs()))
  }
}

const rawField = (name: string, value: string): Buffer[] => [Buffer.from(name), Buffer.from(value)]

/** The values of all lines of that field as one list (RFC 9110 section 5.3); the name is given in lower case. */
function allOf(raw: readonly Buffer[], name: string): string | undefined {
  const values: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.toString('latin1').toLowerCase() === name) values.push(raw[i + 1]!.toString('latin1').trim())
  }
  return values.length > 0 ? values.join(', ') : undefined
}

/** What stood there when it came is told anew with every answer. */
function withoutAge(raw: readonly Buffer[]): Buffer[] {
  const fields: Buffer[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.toString('latin1').toLowerCase() !== 'age') fields.push(raw[i]!, raw[i + 1]!)
  }
  return fields
}
