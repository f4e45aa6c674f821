/** Retry policies: how long to wait before the next attempt. One file each. */
import { invariant } from '../../../lib/errors.js'
import type { KindOf } from '../../../lib/registry.js'
import type { Outcome } from '../outcome.js'
import { full_jitter } from './full_jitter.js'
import { none } from './none.js'
import type { Judgement, PolicyKind, Wait } from './policy.js'

export type { Judgement, Wait } from './policy.js'

export const policies = { none, full_jitter }

export type RetryPolicy = KindOf<typeof policies>
/** A policy that waits, with a scope and bounds. */
export type BackoffPolicy = Extract<RetryPolicy, { when: object }>

/** Longer than any run, and the longest that a timer of Node waits: beyond it, a timer fires at once. */
const LONGEST_MS = 2_147_483_647

/**
 * The wait between attempt n and the next, n from 1.
 * @param draw in [0, 1)
 * @param memory that of the wait before; 0 for the first
 */
export function nextWait(policy: BackoffPolicy, n: number, draw: number, memory: number): Wait {
  const { wait } = policies[policy.type] as PolicyKind<BackoffPolicy>
  invariant(wait, `policy ${policy.type} has no wait`)
  const next = wait(policy, n, draw, memory)
  return { ...next, ms: Math.min(next.ms, LONGEST_MS) }
}

/** What a client with judgement of its own makes of attempt n, from 1; undefined for a policy that follows its scope. */
export const judgement = (policy: RetryPolicy, n: number, outcome: Outcome): Judgement | undefined =>
  (policies[policy.type] as PolicyKind<RetryPolicy>).judge?.(policy, n, outcome)

/** Whether an outcome has to say if the body was JSON. */
export const readsJson = (policy: RetryPolicy): boolean =>
  (policies[policy.type] as PolicyKind<RetryPolicy>).readsJson === true
