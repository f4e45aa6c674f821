/** Metrics of requests: what the client's caller got, whatever it took. */
import { type Counter, counter } from './counter.js'
import { group, ratio } from './metric.js'

interface State {
  requests: number
  succeeded: number
  withRetry: number
  failedWithRetry: number
  firstMeant: number
  lastMeant: number
  statuses: Counter
  refusals: Counter
}

const NONE = 'without requests'

export const requests = group({
  metrics: {
    requests: { unit: 'count', says: 'Requests that came to an end' },
    succeeded: { unit: 'count', better: 'higher', says: 'Requests that ended well, after however many attempts' },
    success_rate: {
      unit: 'share',
      better: 'higher',
      says: 'Effective success: requests that ended well / requests',
      none: NONE,
      source: 'Linkerd, `viz routes -o wide`: EFFECTIVE_SUCCESS',
    },
    effective_rps: {
      unit: 'per_second',
      better: 'higher',
      says: 'Requests / seconds from the first intended send to the end of the last request',
      none: NONE,
      source: 'Linkerd: EFFECTIVE_RPS',
    },
    offered_rps: {
      unit: 'per_second',
      says: 'Requests after the first / seconds from the first intended send to the last',
      none: 'with fewer than two intended sends at different times',
    },
    statuses: { unit: 'counts', says: 'Final statuses of requests' },
    successful_without_retry: {
      unit: 'count',
      better: 'higher',
      says: 'Requests that ended well with one attempt',
      source: 'resilience4j, resilience4j.retry.calls',
    },
    successful_with_retry: {
      unit: 'count',
      says: 'Requests that ended well with more than one',
      source: 'resilience4j',
    },
    failed_with_retry: {
      unit: 'count',
      better: 'lower',
      says: 'Requests that failed after more than one',
      source: 'resilience4j',
    },
    failed_without_retry: {
      unit: 'count',
      better: 'lower',
      says: 'Requests that failed with one attempt, or none',
      source: 'resilience4j',
    },
    refusals: { unit: 'counts', says: 'Requests that an admission let go no further, by its word' },
  },
  start: (): State => ({
    requests: 0,
    succeeded: 0,
    withRetry: 0,
    failedWithRetry: 0,
    firstMeant: Number.POSITIVE_INFINITY,
    lastMeant: Number.NEGATIVE_INFINITY,
    statuses: counter(),
    refusals: counter(),
  }),
  request(state, { t, ms, ok, attempts, status, refused }) {
    state.requests++
    if (ok) state.succeeded++
    if (ok && attempts > 1) state.withRetry++
    if (!ok && attempts > 1) state.failedWithRetry++
    state.firstMeant = Math.min(state.firstMeant, t - ms)
    state.lastMeant = Math.max(state.lastMeant, t - ms)
    if (status !== undefined) state.statuses.add(String(status))
    if (refused !== undefined) state.refusals.add(refused)
  },
  values(state, { seconds }) {
    const { requests, succeeded, withRetry, failedWithRetry } = state
    return {
      requests,
      succeeded,
      success_rate: ratio(succeeded, requests),
      effective_rps: ratio(requests, seconds),
      offered_rps: requests > 1 ? ratio(requests - 1, (state.lastMeant - state.firstMeant) / 1000) : null,
      statuses: state.statuses.record(),
      successful_without_retry: succeeded - withRetry,
      successful_with_retry: withRetry,
      failed_with_retry: failedWithRetry,
      failed_without_retry: requests - succeeded - failedWithRetry,
      refusals: state.refusals.record(),
    }
  },
})
