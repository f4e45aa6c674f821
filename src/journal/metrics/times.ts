/** Metrics of time: how long requests took, those that ended well and those that failed apart, and how long they waited. */

import { Latency } from '../latency.js'
import type { Told } from '../ledger/account.js'
import { group, ratio } from './metric.js'

interface State {
  all: Latency
  success: Latency
  failure: Latency
  /** Requests with an attempt, and the time in which they had none on its way. */
  waited: Latency
}

const FROM = 'from the intended send time to the end, waits included'
const latency = (which: string) =>
  ({ unit: 'duration', better: 'lower', says: `Requests, ${FROM}: ${which}`, none: 'without requests' }) as const
const toSuccess = (which: string) =>
  ({
    unit: 'duration',
    better: 'lower',
    says: `Requests that ended well, ${FROM}: ${which}`,
    none: 'without one that ended well',
  }) as const
const toFailure = (which: string) =>
  ({
    unit: 'duration',
    better: 'lower',
    says: `Requests that failed, ${FROM}: ${which}`,
    none: 'without one that failed',
  }) as const

export const times = group({
  metrics: {
    latency_p50_ms: latency('50th percentile'),
    latency_p90_ms: latency('90th percentile'),
    latency_p99_ms: latency('99th percentile'),
    latency_max_ms: latency('the longest'),
    success_p50_ms: toSuccess('50th percentile'),
    success_p90_ms: toSuccess('90th percentile'),
    success_p99_ms: toSuccess('99th percentile'),
    success_p999_ms: toSuccess('99.9th percentile'),
    failure_p50_ms: toFailure('50th percentile'),
    failure_p90_ms: toFailure('90th percentile'),
    failure_p99_ms: toFailure('99th percentile'),
    failure_p999_ms: toFailure('99.9th percentile'),
    backoff_mean_ms: {
      unit: 'duration',
      better: 'lower',
      says: 'Time between its attempts in which none was on its way, of a request: the mean over those with an attempt',
      none: 'without a request with an attempt',
      source: 'gRFC A96, grpc.client.call.retry_delay',
    },
    backoff_max_ms: {
      unit: 'duration',
      better: 'lower',
      says: 'The same, at most',
      none: 'without a request with an attempt',
    },
  },
  start: (): State => ({ all: new Latency(), success: new Latency(), failure: new Latency(), waited: new Latency() }),
  request({ all, success, failure }, { ms, ok }) {
    all.record(ms)
    const kind = ok ? success : failure
    kind.record(ms)
  },
  settled({ waited }, { attempts }) {
    if (attempts.length > 0) waited.record(idleMs(attempts))
  },
  values({ all, success, failure, waited }) {
    return {
      latency_p50_ms: all.known(50),
      latency_p90_ms: all.known(90),
      latency_p99_ms: all.known(99),
      latency_max_ms: all.known(100),
      success_p50_ms: success.known(50),
      success_p90_ms: success.known(90),
      success_p99_ms: success.known(99),
      success_p999_ms: success.known(99.9),
      failure_p50_ms: failure.known(50),
      failure_p90_ms: failure.known(90),
      failure_p99_ms: failure.known(99),
      failure_p999_ms: failure.known(99.9),
      backoff_mean_ms: ratio(waited.totalMs, waited.count),
      backoff_max_ms: waited.known(100),
    }
  },
})

function idleMs(attempts: readonly Told[]): number {
  if (attempts.length === 1) return 0
  const inOrder = [...attempts].sort((a, b) => a.start - b.start)
  let [idle, until] = [0, inOrder[0]!.end]
  for (const { start, end } of inOrder) {
    idle += Math.max(0, start - until)
    until = Math.max(until, end)
  }
  return idle
}
