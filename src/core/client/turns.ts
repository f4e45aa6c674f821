/**
 * A policy's side of one request: what an outcome is worth to it, and after how long it takes another turn. call.ts
 * asks; a turn is one attempt, or one with others beside it.
 */
import { invariant } from '../../lib/errors.js'
import type { HedgeConfig } from './hedge.js'
import { type Outcome, succeeded } from './outcome.js'
import { judgement, nextWait, type RetryPolicy } from './policies/index.js'
import { heedRetryAfter, parseRetryAfter, retryAfterSchema } from './retry_after.js'
import { retryable, whenSchema } from './scope.js'
import type { Why } from './step.js'

export interface RetrySettings {
  retry: RetryPolicy
  hedge: HedgeConfig | undefined
  method: string
  /** Its requests carry a key by which the server tells a repetition. */
  keyed: boolean
}

export type Verdict = 'success' | 'again' | 'gave_up' | 'no_retries' | 'not_retryable' | 'failed'

export interface Wish {
  asked_ms: number
  /** What comes of it, whatever the backoff. */
  wait_ms: number
  give_up: boolean
}

export interface Turns {
  /** From the request's beginning; infinite where there is none. */
  readonly deadlineMs: number
  begin(): void
  of(outcome: Outcome): Verdict
  /** Undefined where the outcome holds none that can be read, or where the client does not look. */
  retryAfter(outcome: Outcome, unixNowMs: number): Wish | undefined
  /** @param askedMs what `retryAfter` read in the outcome that the wait follows */
  next(askedMs: number | undefined): { wait_ms: number } | { done: Why }
}

/** Of one that hedges without a policy: what is worth another attempt beside it, and what a server may ask for. */
const BARE = { when: whenSchema.parse({}), retry_after: retryAfterSchema.parse({}) }

/** @param draw for the wait behind turn n, in [0, 1) */
export function createTurns(settings: RetrySettings, draw: (n: number) => number): Turns {
  const { retry: policy, hedge } = settings
  const own = 'when' in policy ? policy : undefined
  const rules = own ?? (policy.type === 'none' && hedge ? BARE : undefined)
  let turn = 0
  let memory = 0
  let ownWaitMs: number | undefined
  return {
    deadlineMs: own?.deadline ?? Number.POSITIVE_INFINITY,
    begin() {
      turn++
    },
    of(outcome) {
      if (outcome.gaveUp) return 'gave_up'
      const judged = judgement(policy, turn, outcome)
      ownWaitMs = typeof judged === 'object' ? judged.again_after_ms : undefined
      if (judged === 'success') return judged
      if (judged !== undefined) return judged === 'fail' ? 'failed' : 'again'
      if (succeeded(outcome)) return 'success'
      if (!rules) return 'no_retries'
      // What was never sent can be sent, whatever it is.
      return outcome.unhealthy || retryable(rules.when, settings, outcome) ? 'again' : 'not_retryable'
    },
    retryAfter({ retryAfter }, unixNowMs) {
      if (!rules || retryAfter === undefined) return undefined
      const askedMs = parseRetryAfter(retryAfter, unixNowMs)
      if (askedMs === undefined) return undefined
      const heeded = heedRetryAfter(rules.retry_after, 0, askedMs)
      return { asked_ms: askedMs, wait_ms: heeded === 'give_up' ? 0 : heeded, give_up: heeded === 'give_up' }
    },
    next(askedMs) {
      if (ownWaitMs !== undefined) return { wait_ms: ownWaitMs }
      if (!own) return { done: 'no_retries' }
      if (own.attempts !== 'unlimited' && turn >= own.attempts) return { done: 'attempts_exhausted' }
      const { ms, memory: kept } = nextWait(own, turn, draw(turn), memory)
      memory = kept
      const heeded = heedRetryAfter(own.retry_after, ms, askedMs)
      invariant(heeded !== 'give_up', 'who gives up takes no other turn')
      return { wait_ms: heeded }
    },
  }
}
