/**
 * One request of a client's caller: after each attempt, again after so many milliseconds, or done. Both engines ask
 * it; they wait and send.
 */
import type { Draw } from '../../lib/random.js'
import { type Outcome, succeeded } from './outcome.js'
import { judgement, nextWait, type RetryPolicy } from './policies/index.js'
import { retryable } from './scope.js'

export type Decision =
  /** `memory` is to be handed in after the next attempt. */
  | { do: 'again'; after_ms: number; memory: number; reason: string }
  | { do: 'done'; why: 'success' | 'no_retries' | 'attempts_exhausted' | 'not_retryable' | 'gave_up' }

/**
 * @param attempt the number of the attempt that just ended, from 1
 * @param draw a number in [0, 1), for jitter
 * @param memory that of the decision before; 0 at first
 */
export function call(
  policy: RetryPolicy,
  method: string,
  attempt: number,
  outcome: Outcome,
  draw: Draw,
  memory = 0,
): Decision {
  // Nobody is there any more who would want another attempt.
  if (outcome.gaveUp) return { do: 'done', why: 'gave_up' }
  const reason = outcome.failure?.type ?? String(outcome.status)
  const judged = judgement(policy, attempt, outcome)
  if (typeof judged === 'object') return { do: 'again', after_ms: judged.again_after_ms, memory, reason }
  if (judged) return { do: 'done', why: judged === 'success' ? 'success' : 'attempts_exhausted' }
  if (succeeded(outcome)) return { do: 'done', why: 'success' }
  if (!('when' in policy)) return { do: 'done', why: 'no_retries' }
  if (!retryable(policy.when, { method }, outcome)) return { do: 'done', why: 'not_retryable' }
  if (policy.attempts !== 'unlimited' && attempt >= policy.attempts) return { do: 'done', why: 'attempts_exhausted' }
  const next = nextWait(policy, attempt, draw(), memory)
  return { do: 'again', after_ms: next.ms, memory: next.memory, reason }
}
