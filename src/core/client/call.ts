/**
 * One request of a client's caller: after each attempt, again after so many milliseconds, or done. Both engines ask
 * it; they wait and send.
 */
import type { Draw } from '../../lib/random.js'
import { type Outcome, succeeded } from './outcome.js'
import type { RetryPolicy } from './policies/index.js'
import { retryDelayMs } from './policies/index.js'

export type Decision =
  | { do: 'again'; after_ms: number; reason: string }
  | { do: 'done'; why: 'success' | 'no_retries' | 'attempts_exhausted' | 'not_retryable' | 'gave_up' }

/**
 * @param attempt the number of the attempt that just ended, from 1
 * @param draw a number in [0, 1), for jitter
 */
export function call(policy: RetryPolicy, method: string, attempt: number, outcome: Outcome, draw: Draw): Decision {
  if (succeeded(outcome)) return { do: 'done', why: 'success' }
  // Nobody is there any more who would want another attempt.
  if (outcome.gaveUp) return { do: 'done', why: 'gave_up' }
  const reason = outcome.failure?.type ?? String(outcome.status)
  if (policy.type === 'none') return { do: 'done', why: 'no_retries' }
  if (!retryable(method, outcome)) return { do: 'done', why: 'not_retryable' }
  if (attempt >= policy.attempts) return { do: 'done', why: 'attempts_exhausted' }
  return { do: 'again', after_ms: retryDelayMs(policy, attempt, draw()), reason }
}

/** RFC 9110 section 9.2.2: only these may be repeated without knowing what the first did. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
/** The statuses that say "not this time": a gateway's own, and 429. */
const TRANSIENT = new Set([429, 502, 503, 504])

function retryable(method: string, outcome: Outcome): boolean {
  if (!IDEMPOTENT.has(method)) return false
  return outcome.failure !== undefined || TRANSIENT.has(outcome.status ?? 0)
}
