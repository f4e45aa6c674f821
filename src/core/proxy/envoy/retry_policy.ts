/**
 * Envoy's retry policy: whether a request whose try failed is sent once more, and after how long (retry_state_impl.cc,
 * backoff_strategy.cc, and the router filter's documentation). One `Retries` for each request; the draws are arguments.
 */
import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import type { CircuitBreakers } from './circuit_breakers.js'
import type { ResetReason } from './reset_reason.js'

/** What a request is sent again for; Envoy's words. */
export const retryConditions = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
] as const
export type RetryCondition = (typeof retryConditions)[number]

export const retryPolicySchema = z
  .strictObject({
    retry_on: z.array(z.enum(retryConditions)).min(1).meta({ description: 'What a request is sent again for' }),
    num_retries: z.int().min(0).max(1000).default(1).meta({ description: 'Tries beside the first' }),
    per_try_timeout: duration()
      .optional()
      .meta({ description: 'For each try, from its start to the head of the response; that of the route if absent' }),
    retriable_status_codes: z
      .array(z.int().min(100).max(599))
      .default([])
      .meta({ description: 'Statuses that retriable-status-codes speaks of' }),
    retriable_headers: z
      .array(z.string())
      .default([])
      .meta({ description: 'Names of fields; a response with one of them is what retriable-headers speaks of' }),
    base_interval: duration()
      .prefault('25ms')
      .meta({ description: 'The wait before the nth retry is drawn from 0 to 2^n - 1 times this' }),
    max_interval: duration().optional().meta({ description: 'No wait is longer; ten times base_interval if absent' }),
  })
  .refine(({ base_interval }) => base_interval > 0, { path: ['base_interval'], error: 'expected more than nothing' })
  .refine(({ base_interval, max_interval = base_interval }) => max_interval >= base_interval, {
    path: ['max_interval'],
    error: 'expected no less than base_interval',
  })

export type RetryPolicy = z.output<typeof retryPolicySchema>

export type RetryDecision =
  /** Nothing that it is sent again for. */
  | { retry: 'no' }
  /** It would be, and has been as often as it may: URX. */
  | { retry: 'exhausted' }
  /** It would be, and too many others are: UO. */
  | { retry: 'refused' }
  | { retry: 'yes'; afterMs: number }

/** What came back of a try: the stream was reset, or a head came. */
export type TryResult =
  | { is: 'reset'; reason: ResetReason; requestStarted: boolean }
  /** The try took too long: to the policy a reset of our own. */
  | { is: 'late' }
  | { is: 'answered'; status: number; header(name: string): string | undefined }

export class Retries {
  private left: number
  private waits = 0
  /** One is under way, and counts at the breakers. */
  private armed = false

  constructor(
    /** Undefined: it is never sent again. */
    private readonly policy: RetryPolicy | undefined,
    private readonly breakers: CircuitBreakers,
  ) {
    this.left = policy?.num_retries ?? 0
  }

  /** Nobody asks after a byte of the response was passed on, or once the time of the route is over. */
  after(result: TryResult, draw: number): RetryDecision {
    const { policy } = this
    this.release()
    if (!policy || !wouldRetry(policy, result)) return { retry: 'no' }
    if (this.left === 0) return { retry: 'exhausted' }
    this.left--
    if (!this.breakers.mayRetry) return { retry: 'refused' }
    this.armed = true
    this.breakers.retries++
    this.waits++
    return { retry: 'yes', afterMs: backOff(policy, this.waits, draw) }
  }

  /** The request is over, or the retry that it was about. */
  release(): void {
    if (this.armed) this.breakers.retries--
    this.armed = false
  }
}

/** Fully jittered: from nothing to (2^n - 1) times the base, below the most that a wait may be. */
export function backOff(
  { base_interval, max_interval = 10 * base_interval }: Pick<RetryPolicy, 'base_interval' | 'max_interval'>,
  retry: number,
  draw: number,
): number {
  // It grows no further once it is over the most.
  const ranges = Math.floor(Math.log2(max_interval / base_interval + 1)) + 1
  const range = (2 ** Math.min(retry, ranges) - 1) * base_interval
  return Math.min(Math.floor(draw * range), max_interval)
}

export function wouldRetry(policy: RetryPolicy, result: TryResult): boolean {
  const on = (condition: RetryCondition): boolean => policy.retry_on.includes(condition)
  if (result.is === 'late') return on('5xx') || on('gateway-error') || on('reset')
  if (result.is === 'answered') return wouldRetryAnswer(policy, on, result)
  const { reason, requestStarted } = result
  if (reason === 'overflow') return false
  if (on('reset') || on('5xx') || on('gateway-error')) return true
  if (on('reset-before-request') && !requestStarted) return true
  if (on('refused-stream') && reason === 'remote refused stream reset') return true
  return on('connect-failure') && UNCONNECTED.has(reason)
}

const UNCONNECTED: ReadonlySet<ResetReason> = new Set([
  'local connection failure',
  'remote connection failure',
  'connection timeout',
])

function wouldRetryAnswer(
  { retriable_status_codes, retriable_headers }: RetryPolicy,
  on: (condition: RetryCondition) => boolean,
  { status, header }: TryResult & { is: 'answered' },
): boolean {
  // Another Envoy has too much already, or says when to come again.
  if (header('x-envoy-overloaded') !== undefined) return false
  if (header('x-envoy-ratelimited') !== undefined) return on('envoy-ratelimited')
  if (on('5xx') && status >= 500 && status <= 599) return true
  if (on('gateway-error') && status >= 502 && status <= 504) return true
  if (on('retriable-4xx') && status === 409) return true
  if (on('retriable-status-codes') && retriable_status_codes.includes(status)) return true
  return on('retriable-headers') && retriable_headers.some((name) => header(name.toLowerCase()) !== undefined)
}
