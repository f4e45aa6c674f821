/**
 * What a proxy keeps of responses, and when it may answer from that: the part of RFC 9111 that a shared cache needs for
 * whole GET responses with status 200, and stale-if-error (RFC 5861); errors too, where it is told to keep them, as the
 * edges of content delivery networks do. What it does not model (Vary, Expires, ranges, validation, private responses)
 * it neither stores nor answers. Times are arguments; it never looks into a body.
 */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'

const errorsSchema = z.strictObject({
  statuses: z
    .array(z.int().min(400).max(599))
    .min(1)
    .default([500, 502, 503, 504])
    .meta({ description: 'The statuses that are kept' }),
  for: duration()
    .refine((ms) => ms > 0, 'expected a time, such as 1s')
    .meta({ description: 'How long one is answered again, unless it says so itself in Cache-Control' }),
})

export const cacheSchema = z.strictObject({
  ttl: duration().meta({ description: 'How long a response is fresh that does not say so itself' }),
  stale_if_error: duration()
    .prefault('0ms')
    .meta({ description: 'So much longer it answers in the place of a failure, or of a 500, 502, 503 or 504' }),
  errors: errorsSchema.optional().meta({
    description:
      'Keep errors too: those of servers, and the proxy’s own where it had nothing from one. Off if absent: the next request asks again',
  }),
  entries: z.int().min(1).max(100_000).default(1000).meta({ description: 'Responses that are kept' }),
})

export type CacheConfig = z.output<typeof cacheSchema>

/** The body of one that is stored; longer ones only pass. */
export const MOST_BYTES = 1024 * 1024

/** What a lookup needs of a request. `path` is the target with its query. */
export interface CachedRequest {
  method: string
  path: string
  /** Of a field, by its name in lower case. */
  header(name: string): string | undefined
}

/** Why a request goes on to a server: the words of RFC 9211 section 2.2. */
export type Forwarded = 'uri-miss' | 'stale' | 'method' | 'bypass'

export type Looked<Kept> =
  | { do: 'answer'; entry: Entry<Kept> }
  /** `entry`: may answer if that fails. */
  | { do: 'forward'; why: Forwarded; entry: Entry<Kept> | undefined }

export interface Entry<Kept> {
  readonly kept: Kept
  /** When its age was 0, on the clock of the caller; and how long it is fresh from then. */
  readonly bornMs: number
  readonly freshMs: number
  /** It may not be used once it is stale (RFC 9111 section 4.2.4). */
  readonly strict: boolean
}

/** What a response says about being kept. Undefined: it may not be. */
export interface Terms {
  /** How old it was when it came. */
  ageMs: number
  freshMs: number
  strict: boolean
}

export interface Cache<Kept> {
  look(request: CachedRequest, nowMs: number): Looked<Kept>
  /** @param header the response's */
  terms(status: number, header: CachedRequest['header']): Terms | undefined
  /** Of an answer of the proxy's own. */
  ownTerms(status: number): Terms | undefined
  /** @param askedMs when the request was sent: the way back counts as age (section 4.2.3) */
  put(request: CachedRequest, kept: Kept, terms: Terms, askedMs: number): void
  /** Another method was answered: what is kept of that target may be wrong now (section 4.4). */
  answered(request: CachedRequest, status: number): void
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** With these a request wants something else than what is stored: a part, a check of its own copy, its own answer. */
const SPECIAL = [
  'authorization',
  'cache-control',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'pragma',
  'range',
  'upgrade',
]

export function createCache<Kept>({ ttl, stale_if_error, errors, entries }: CacheConfig): Cache<Kept> {
  const store = new Map<string, Entry<Kept>>()
  const isKeptError = (status: number): boolean => errors?.statuses.includes(status) === true
  const keyOf = (request: CachedRequest): string => `${request.header('host') ?? ''}${request.path}`
  return {
    look(request, nowMs) {
      if (request.method !== 'GET') return { do: 'forward', why: 'method', entry: undefined }
      if (SPECIAL.some((name) => request.header(name) !== undefined)) {
        return { do: 'forward', why: 'bypass', entry: undefined }
      }
      const entry = store.get(keyOf(request))
      if (!entry) return { do: 'forward', why: 'uri-miss', entry }
      const staleMs = nowMs - entry.bornMs - entry.freshMs
      if (staleMs < 0) return { do: 'answer', entry }
      const usable = !entry.strict && staleMs < stale_if_error
      return { do: 'forward', why: 'stale', entry: usable ? entry : undefined }
    },
    terms(status, header) {
      if (status === 200) return termsOf(header, ttl)
      const terms = isKeptError(status) ? termsOf(header, errors!.for) : undefined
      return terms && { ...terms, strict: true }
    },
    ownTerms: (status) => (isKeptError(status) ? { ageMs: 0, freshMs: errors!.for, strict: true } : undefined),
    put(request, kept, { ageMs, freshMs, strict }, askedMs) {
      const key = keyOf(request)
      store.delete(key)
      if (store.size >= entries) store.delete(store.keys().next().value!)
      store.set(key, { kept, bornMs: askedMs - ageMs, freshMs, strict })
    },
    answered(request, status) {
      if (!SAFE.has(request.method) && status < 400) store.delete(keyOf(request))
    },
  }
}

/** A status that RFC 5861 counts as an error. */
export const isErrorStatus = (status: number): boolean => status === 500 || (status >= 502 && status <= 504)

const KEEP_OUT = ['no-store', 'no-cache', 'private']
const STRICT = ['must-revalidate', 'proxy-revalidate', 's-maxage']

function termsOf(header: CachedRequest['header'], ttl: number): Terms | undefined {
  if (header('vary') !== undefined || header('set-cookie') !== undefined) return undefined
  const directives = directivesOf(header('cache-control') ?? '')
  if (KEEP_OUT.some((word) => directives.has(word))) return undefined
  const told = directives.get('s-maxage') ?? directives.get('max-age')
  if (told === undefined && header('expires') !== undefined) return undefined
  const freshMs = told === undefined ? ttl : secondsMs(told)
  const ageMs = secondsMs(header('age') ?? '0')
  if (freshMs === undefined || ageMs === undefined) return undefined
  return { ageMs, freshMs, strict: STRICT.some((word) => directives.has(word)) }
}

function directivesOf(field: string): Map<string, string> {
  const directives = new Map<string, string>()
  for (const part of field.split(',')) {
    const [name = '', value = ''] = part.split('=', 2)
    if (name.trim() !== '') directives.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'))
  }
  return directives
}

const secondsMs = (text: string): number | undefined =>
  /^\d{1,10}$/.test(text.trim()) ? Number(text) * 1000 : undefined

/** How the proxy answered, for the member of Cache-Status. */
export type CacheReport<Kept> =
  | { from: 'cache'; entry: Entry<Kept> }
  | { from: 'server'; why: Forwarded; stored: boolean }
  /** The server failed; its status, where it gave one. */
  | { from: 'stale'; entry: Entry<Kept>; status: number | undefined }

/** Whole seconds, rounded down (section 5.1). */
export const ageSeconds = ({ bornMs }: Entry<unknown>, nowMs: number): number =>
  Math.max(0, Math.floor((nowMs - bornMs) / 1000))

/** One member of Cache-Status (RFC 9211 section 2). */
export function cacheStatusMember(hop: string, report: CacheReport<unknown>, nowMs: number): string {
  if (report.from === 'server') return `${hop}; fwd=${report.why}${report.stored ? '; stored' : ''}`
  const { entry } = report
  // Negative where it is stale (section 2.4); rounded down either way.
  const ttl = `ttl=${Math.floor((entry.bornMs + entry.freshMs - nowMs) / 1000)}`
  if (report.from === 'cache') return `${hop}; hit; ${ttl}`
  const status = report.status === undefined ? '' : `; fwd-status=${report.status}`
  return `${hop}; fwd=stale${status}; ${ttl}; detail=stale-if-error`
}
