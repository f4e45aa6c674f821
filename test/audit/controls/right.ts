/** The client that is right in everything: every rule passes. Its habits are what the files of wrong/ change one of. */
import { Agent } from 'undici'
import { createClient, type Failed, type Habits, type Reply } from './client.js'

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
const AGAIN = new Set([408, 429, 502, 503, 504])
const NETWORK = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET'])

/** What a caller puts up with. */
const LONGEST_WAIT_MS = 60_000
const BASE_MS = 500
const CAP_MS = 30_000
const RESERVE = 20
/** A tenth of what goes well. */
const EARNED = 0.1

export const right: Habits = {
  attempts: 4,
  attemptTimeoutMs: 60_000,
  agent: () => new Agent({ headersTimeout: 0, bodyTimeout: 0 }),
  repeatable: ({ method, headers }) =>
    IDEMPOTENT.has(method) || Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key'),
  worthIt: ({ status, error }) => (error ? NETWORK.has(error.code ?? '') : AGAIN.has(status!)),
  budget,
  // At least half of it: a draw of next to nothing is no wait, and the mean of a few need not grow.
  backoffMs: (attempt) => (0.5 + 0.5 * Math.random()) * Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1)),
  retryAfterMs,
  waitMs(backoffMs, askedMs = 0) {
    const wait = Math.max(backoffMs, askedMs)
    return wait > LONGEST_WAIT_MS ? undefined : wait
  },
  // A stream has been read.
  replayed: (payload) =>
    payload === undefined || typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : 'never',
  wait,
  againAfterAbort: false,
  closes: () => false,
  headers: (init) => init.headers,
  read: ({ body }) => body.text(),
  // To its end, or closed where it is long.
  drain: ({ body }) => body.dump({ limit: 128 * 1024 }),
  guard: (call) => call(),
  onFailed: () => {},
}

export const send = createClient(right)

/** With a circuit breaker: open after five failures in a row, and one call finds out, half a minute later. */
export const withBreaker = createClient({ ...right, ...breaker(1) })

export function budget(): ReturnType<Habits['budget']> {
  let tokens = RESERVE
  return {
    take() {
      if (tokens < 1) return false
      tokens--
      return true
    },
    give() {
      tokens = Math.min(RESERVE, tokens + EARNED)
    },
  }
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** RFC 9110 section 10.2.3; dates in the three forms of section 5.6.7. */
export function retryAfterMs(value: string): number | undefined {
  const text = value.trim()
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

/** @param probes calls that may find out at once */
export function breaker(probes: number): Pick<Habits, 'guard' | 'onFailed'> {
  let failures = 0
  let openUntil = 0
  let probing = 0
  const fell = (): void => {
    if (++failures >= 5) openUntil = Date.now() + 30_000
  }
  const noted = (reply: Reply): Reply => {
    if (reply.status < 500) failures = 0
    return reply
  }
  return {
    onFailed: ({ status = 599 }: Failed) => void (status >= 500 && fell()),
    async guard(call): Promise<Reply> {
      if (failures < 5) return noted(await call())
      if (Date.now() < openUntil || probing >= probes) throw new Error('the breaker is open')
      probing++
      try {
        return noted(await call())
      } finally {
        probing--
      }
    },
  }
}
