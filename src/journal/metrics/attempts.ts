/** Metrics of attempts: what it took, as clients tell it. That servers saw the same is what the agreement of counts is for. */
import { type InnerList, type Item, type List, parseList } from 'structured-headers'
import { winner } from '../ledger/account.js'
import { type Counter, counter } from './counter.js'
import { group, ratio } from './metric.js'

/** More attempts than this are told together, in the last place. */
const PLACES = 100
const placeOf = (n: number): number => Math.min(n, PLACES)

interface State {
  attempts: number
  succeeded: number
  truncated: number
  gaveUp: number
  hedges: number
  cancelled: number
  fallbacks: number
  errors: Counter
  outcomes: Counter
  /** Requests by their number of attempts, to at most 1000. */
  perRequest: number[]
  /** By attempt: requests that got so far, and that ended well with it. */
  reached: number[]
  won: number[]
}

export const attempts = group({
  metrics: {
    attempts: { unit: 'count', better: 'lower', says: 'Attempts that ended' },
    amplification: {
      unit: 'number',
      better: 'lower',
      says: 'Attempts / requests: the mean of attempts per request',
      none: 'without requests',
      source: 'Brooker 2022, total calls / unique calls',
    },
    attempts_p99: {
      unit: 'count',
      better: 'lower',
      says: 'Attempts per request, 99th percentile',
      none: 'without requests',
    },
    attempts_max: { unit: 'count', better: 'lower', says: 'Attempts per request, at most', none: 'without requests' },
    actual_success_rate: {
      unit: 'share',
      better: 'higher',
      says: 'Actual success: attempts that brought a request to a good end / attempts',
      none: 'without attempts',
      source: 'Linkerd: ACTUAL_SUCCESS',
    },
    actual_rps: {
      unit: 'per_second',
      says: 'Attempts / the seconds of effective_rps',
      none: 'without requests',
      source: 'Linkerd: ACTUAL_RPS',
    },
    errors: { unit: 'counts', says: 'Error types of attempts: told by a Proxy-Status, or perceived by the client' },
    outcomes: { unit: 'counts', says: 'Attempts by status and error type' },
    truncated: { unit: 'count', better: 'lower', says: 'Attempts whose response ended before its framing said so' },
    gave_up: { unit: 'count', better: 'lower', says: 'Attempts that the client ended by closing the connection' },
    success_by_attempt: {
      unit: 'shares',
      says: 'By attempt k: requests that ended well with it / requests that got as far. What attempt 3 is worth',
    },
    success_within_attempts: {
      unit: 'shares',
      says: 'By attempt k: requests that ended well with it or one before / requests',
    },
    hedges: { unit: 'count', says: 'Attempts that were sent beside one still on its way', source: 'gRFC A6, A96' },
    cancelled: { unit: 'count', says: 'Attempts that were ended since another had brought the answer' },
    fallbacks: { unit: 'count', says: 'Attempts that went to the fallback' },
  },
  start: (): State => ({
    attempts: 0,
    succeeded: 0,
    truncated: 0,
    gaveUp: 0,
    hedges: 0,
    cancelled: 0,
    fallbacks: 0,
    errors: counter(),
    outcomes: counter(),
    perRequest: [],
    reached: [],
    won: [],
  }),
  attempt(state, event) {
    state.attempts++
    if (event.decision === 'success' && !event.cancelled) state.succeeded++
    if (event.truncated) state.truncated++
    if (event.gave_up) state.gaveUp++
    if (event.hedge) state.hedges++
    if (event.cancelled) state.cancelled++
    if (event.fallback) state.fallbacks++
    const error = event.failure?.type ?? (event.proxy_status && errorNearestOrigin(event.proxy_status))
    if (error) state.errors.add(error)
    const more =
      error || (event.truncated && 'truncated') || (event.cancelled && 'cancelled') || (event.gave_up && 'gave up')
    const outcome = more ? (event.status === undefined ? more : `${event.status} ${more}`) : String(event.status ?? '')
    state.outcomes.add(outcome || 'no response')
  },
  request(state, { attempts }) {
    const count = Math.min(attempts, 1000)
    state.perRequest[count] = (state.perRequest[count] ?? 0) + 1
  },
  settled(state, account) {
    const won = winner(account)
    for (let n = 1; n <= placeOf(account.ended!.attempts); n++) state.reached[n] = (state.reached[n] ?? 0) + 1
    if (won) state.won[placeOf(won.n)] = (state.won[placeOf(won.n)] ?? 0) + 1
  },
  values(state, { requests, seconds }) {
    const { attempts, succeeded, reached, won, truncated, gaveUp, hedges, cancelled, fallbacks } = state
    const steps = [...reached.keys()].slice(1)
    const within = (k: number): number => steps.slice(0, k).reduce((sum, n) => sum + (won[n] ?? 0), 0)
    return {
      attempts,
      amplification: ratio(attempts, requests),
      attempts_p99: percentileOf(state.perRequest, requests, 0.99),
      attempts_max: percentileOf(state.perRequest, requests, 1),
      actual_success_rate: ratio(succeeded, attempts),
      actual_rps: ratio(attempts, seconds),
      errors: state.errors.record(),
      outcomes: state.outcomes.record(),
      truncated,
      gave_up: gaveUp,
      success_by_attempt: Object.fromEntries(steps.map((n) => [String(n), (won[n] ?? 0) / reached[n]!])),
      success_within_attempts: Object.fromEntries(steps.map((n) => [String(n), within(n) / requests])),
      hedges,
      cancelled,
      fallbacks,
    }
  },
})

/** The least count that so large a share of requests does not exceed. */
function percentileOf(counts: readonly number[], total: number, share: number): number | null {
  let below = 0
  for (const [count, requests = 0] of counts.entries()) {
    below += requests
    if (requests > 0 && below >= share * total - 1e-9) return count
  }
  return null
}

/** Members of Proxy-Status stand in the order of the response's way: the origin's neighbour first (RFC 9209, 2). */
function errorNearestOrigin(header: string): string | undefined {
  let members: List
  try {
    members = parseList(header)
  } catch {
    return undefined
  }
  const errors = members.map((member: InnerList | Item) => member[1].get('error'))
  return errors.find((error) => error !== undefined)?.toString()
}
