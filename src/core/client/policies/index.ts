/** Retry policies: how long to wait before the next attempt. One file each. */
import { invariant } from '../../../lib/errors.js'
import type { KindOf } from '../../../lib/registry.js'
import { full_jitter } from './full_jitter.js'
import { none } from './none.js'

export const policies = { none, full_jitter }

export type RetryPolicy = KindOf<typeof policies>
/** A policy that may try again at all. */
export type BackoffPolicy = Exclude<RetryPolicy, { type: 'none' }>

/**
 * Milliseconds to wait after attempt number `attempt` (from 1) failed.
 * @param draw in [0, 1)
 */
export function retryDelayMs(policy: BackoffPolicy, attempt: number, draw: number): number {
  const kind = policies[policy.type]
  invariant('delayMs' in kind, `policy ${policy.type} has no delay`)
  return kind.delayMs(policy, attempt, draw)
}
