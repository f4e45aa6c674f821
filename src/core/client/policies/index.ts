/** Retry policies: how long to wait before the next attempt. One file each. */
import { invariant } from '../../../lib/errors.js'
import type { KindOf } from '../../../lib/registry.js'
import type { Outcome } from '../outcome.js'
import { additive } from './additive.js'
import { decorrelated_jitter } from './decorrelated_jitter.js'
import { decorrelated_v2 } from './decorrelated_v2.js'
import { equal_jitter } from './equal_jitter.js'
import { exponential } from './exponential.js'
import { finagle_decorrelated } from './finagle_decorrelated.js'
import { finagle_equal } from './finagle_equal.js'
import { finagle_exponential } from './finagle_exponential.js'
import { fixed } from './fixed.js'
import { full_jitter } from './full_jitter.js'
import { grpc } from './grpc.js'
import { immediate } from './immediate.js'
import { linear } from './linear.js'
import { none } from './none.js'
import type { Judgement, PolicyKind, Wait } from './policy.js'
import { tutorial_fetch } from './tutorial_fetch.js'
import { tutorial_requests } from './tutorial_requests.js'

export type { Judgement, Wait } from './policy.js'

export const policies = {
  none,
  immediate,
  fixed,
  linear,
  exponential,
  additive,
  full_jitter,
  equal_jitter,
  decorrelated_jitter,
  decorrelated_v2,
  finagle_exponential,
  finagle_equal,
  finagle_decorrelated,
  grpc,
  tutorial_requests,
  tutorial_fetch,
}

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

/** The waits that come of these draws, in their order: a whole schedule, listed without waiting. */
export function schedule(policy: BackoffPolicy, draws: readonly number[]): number[] {
  let memory = 0
  return draws.map((draw, index) => {
    const next = nextWait(policy, index + 1, draw, memory)
    memory = next.memory
    return next.ms
  })
}

/** What a client with judgement of its own makes of attempt n, from 1; undefined for a policy that follows its scope. */
export const judgement = (policy: RetryPolicy, n: number, outcome: Outcome): Judgement | undefined =>
  (policies[policy.type] as PolicyKind<RetryPolicy>).judge?.(policy, n, outcome)

/** Whether an outcome has to say if the body was JSON. */
export const readsJson = (policy: RetryPolicy): boolean =>
  (policies[policy.type] as PolicyKind<RetryPolicy>).readsJson === true
