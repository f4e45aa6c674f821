/** Metrics of safety: what retries did that they should not, as the origins saw it. */

import { Latency } from '../latency.js'
import type { Seen } from '../ledger/account.js'
import { group } from './metric.js'

interface State {
  /** Operations that were applied again; counted only where somebody applied any. */
  again: number
  applied: number
  promises: number
  early: Latency
  afterEnd: number
  arrivals: number
  bodies: number
  mismatched: number
}

export const safety = group({
  metrics: {
    duplicates_applied: {
      unit: 'count',
      better: 'lower',
      says: 'Operations applied again: executions of a key beyond its first',
      none: 'where no origin applied a counted operation',
      source: 'IETF draft, The Idempotency-Key HTTP Header Field, section 2.6',
    },
    early_retries: {
      unit: 'count',
      better: 'lower',
      says: 'Requests that came back to an origin before the Retry-After of the response before was over, at its clock',
      none: 'where no origin sent a Retry-After that says a time',
      source: 'RFC 9110 section 10.2.3',
    },
    early_retry_mean_ms: {
      unit: 'duration',
      better: 'lower',
      says: 'By how much they were too early: the mean',
      none: 'without one',
    },
    early_retry_max_ms: {
      unit: 'duration',
      better: 'lower',
      says: 'By how much they were too early: at most',
      none: 'without one',
    },
    retries_after_abort: {
      unit: 'count',
      better: 'lower',
      says: 'Requests beyond the first that arrived at an origin after the request had ended at the client',
      none: 'where nothing arrived, or nobody can tell',
    },
    bodies_mismatched: {
      unit: 'count',
      better: 'lower',
      says: 'Bodies that origins read whole, and that were not the first one of their request, byte for byte',
      none: 'where no origin read a whole request',
    },
  },
  start: (): State => ({
    again: 0,
    applied: 0,
    promises: 0,
    early: new Latency(),
    afterEnd: 0,
    arrivals: 0,
    bodies: 0,
    mismatched: 0,
  }),
  settled(state, { served, operations, ended, attempts }) {
    if (operations) {
      state.applied += operations.applied
      state.again += operations.again
    }
    if (served.length === 0) return
    state.arrivals += served.length
    const inOrder = served.length === 1 ? served : [...served].sort((a, b) => a.arrived - b.arrived)
    compareBodies(state, inOrder)
    const sent = attempts.map(({ start }) => start).sort((a, b) => a - b)
    for (const [index, one] of inOrder.entries()) {
      // What was sent before the end may still have been on its way.
      if (index > 0 && Math.min(one.arrived, sent[index] ?? one.arrived) > ended!.t) state.afterEnd++
      if (one.retryAfter === undefined) continue
      state.promises++
      const next = inOrder.slice(index + 1).find(({ arrived }) => arrived >= one.end)
      const early = next ? one.end + one.retryAfter - next.arrived : 0
      // The journal rounds to a microsecond.
      if (early > 0.002) state.early.record(early)
    }
  },
  values({ again, applied, promises, early, afterEnd, arrivals, bodies, mismatched }, { counted }) {
    return {
      duplicates_applied: applied > 0 ? again : null,
      early_retries: promises > 0 ? early.count : null,
      early_retry_mean_ms: early.meanMs,
      early_retry_max_ms: early.known(100),
      retries_after_abort: counted && arrivals > 0 ? afterEnd : null,
      bodies_mismatched: bodies > 0 ? mismatched : null,
    }
  },
})

function compareBodies(state: State, served: readonly Seen[]): void {
  let first: Seen | undefined
  for (const one of served) {
    if (one.crc === undefined) continue
    state.bodies++
    first ??= one
    if (one.crc !== first.crc || one.bytes !== first.bytes) state.mismatched++
  }
}
