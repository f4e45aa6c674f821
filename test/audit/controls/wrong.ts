/**
 * The client that is wrong in everything: every rule fails for one of its exports. No client can be wrong in all ways at
 * once: who never tries again cannot do so too early, and who never waits cannot sleep through an abort.
 */
import { Readable } from 'node:stream'
import { createClient } from './client.js'
import { breaker, right } from './right.js'

/** By export, the rules that it fails. */
export const fails = {
  never: [
    'retries-502',
    'retries-503',
    'retries-504',
    'retries-429',
    'retries-reset',
    'retries-connection-refused',
    'retries-timeout',
    'idle-close-race',
    'settles',
    'truncated-body',
    'no-unhandled-rejections',
    'recovers',
  ],
  eager: [
    'no-duplicate-post',
    'no-post-on-5xx',
    'only-sensible-statuses',
    'honours-retry-after',
    'retry-after-on-502-504',
    'retry-after-date',
    'long-retry-after',
    'backs-off',
    'spreads-retries',
    'bounded',
    'amplification',
    'stacked-attempts',
    'body-intact',
    'stream-body',
    'abort-in-flight',
    'keeps-connections',
    'drains-failed-bodies',
    'steady-under-failure',
  ],
  literal: ['retry-after-odd', 'retry-after-overflow', 'abort-during-wait', 'same-attempts-as-asked'],
  tripped: ['half-open-probe'],
} as const

let gone = false
/** Enough for the values of a Retry-After that it is told, one call each; too few for five calls that fail. */
let left = 12
const failures: unknown[] = []

/** Never tries again, never gives up waiting, forgets nothing and tells everybody. */
export const never = createClient({
  ...right,
  attempts: 1,
  attemptTimeoutMs: 2_000_000_000,
  async read({ body }) {
    const pieces: Buffer[] = []
    try {
      for await (const piece of body) pieces.push(piece)
    } catch {
      // What came is all there is.
    }
    return Buffer.concat(pieces).toString()
  },
  onFailed({ error }) {
    gone ||= error?.code === 'ECONNREFUSED'
    void Promise.reject(error ?? new Error('failed'))
  },
  async guard(call) {
    if (gone) throw new Error('that server is gone')
    return call()
  },
})

/** Sends anything again after anything, at once, and never stops. */
export const eager = createClient({
  ...right,
  attempts: Number.POSITIVE_INFINITY,
  budget: () => ({ take: () => true, give: () => {} }),
  repeatable: () => true,
  worthIt: () => true,
  backoffMs: () => 0,
  retryAfterMs: () => undefined,
  replayed(payload) {
    if (typeof payload === 'string') return payload.slice(0, payload.length / 2)
    return payload instanceof Readable ? '' : payload
  },
  againAfterAbort: true,
  closes: (attempt) => attempt > 1,
  drain: () => undefined,
  onFailed: ({ attempt }) => void failures.push(Array(1024).fill(attempt)),
})

/** Takes every Retry-After for a number and every number for a wait; sleeps through aborts; one budget for all its life. */
export const literal = createClient({
  ...right,
  retryAfterMs: (value) => Number(value) * 1000,
  waitMs: (backoffMs, askedMs = 0) => Math.max(backoffMs, askedMs),
  wait: (ms) => right.wait(ms, undefined),
  budget: () => ({
    take: () => left-- > 0,
    give: () => {},
  }),
})

/** Its breaker lets all calls find out at once. */
export const tripped = createClient({ ...right, ...breaker(Number.POSITIVE_INFINITY) })
