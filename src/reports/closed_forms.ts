/**
 * Retries against failures that are independent of each other have closed forms; here they are, with intervals of what was
 * counted and the judgement whether both agree. .ci/closed_forms.mjs runs the load; nothing here knows what it counted.
 */

import type { JournalEvent } from '../journal/events.js'

/** What a server counted of one client: `n` retries at most, each attempt failing with probability `p`. */
export interface Counted {
  p: number
  n: number
  requests: number
  /** Requests of which it answered an attempt well. */
  succeeded: number
  /** By the number of attempts that a request had, from 1: how many requests. */
  byAttempts: readonly number[]
}

/** Counts at the server: by request id, whatever a client believes. */
export function countAtServer(events: Iterable<JournalEvent>, p: number, n: number): Counted {
  const attempts = new Map<string, number>()
  const well = new Set<string>()
  for (const event of events) {
    if (event.event !== 'served' || event.health) continue
    attempts.set(event.request, (attempts.get(event.request) ?? 0) + 1)
    if (event.outcome === 'answered' && event.status === 200) well.add(event.request)
  }
  const byAttempts = Array.from({ length: n + 1 }, () => 0)
  for (const count of attempts.values()) byAttempts[count - 1] = (byAttempts[count - 1] ?? 0) + 1
  return { p, n, requests: attempts.size, succeeded: well.size, byAttempts }
}

export interface Interval {
  low: number
  high: number
}

export const successOf = (p: number, n: number): number => 1 - p ** (n + 1)
/** Attempts per request. */
export const loadOf = (p: number, n: number): number => (1 - p ** (n + 1)) / (1 - p)

/** Of a share, also where it is 0 or 1 (E. B. Wilson, 1927). @param z the quantile: 1.96 for 95 % */
export function wilson(hits: number, count: number, z: number): Interval {
  const share = hits / count
  const scale = 1 + z ** 2 / count
  const middle = (share + z ** 2 / (2 * count)) / scale
  const half = (z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2))) / scale
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

/** Of the mean attempts per request, by the central limit theorem. */
export function meanInterval(byAttempts: readonly number[], z: number): Interval {
  const { count, mean, variance } = momentsOf(byAttempts)
  const half = z * Math.sqrt(variance / count)
  return { low: mean - half, high: mean + half }
}

export function momentsOf(byAttempts: readonly number[]) {
  const count = byAttempts.reduce((sum, requests) => sum + requests, 0)
  const mean = byAttempts.reduce((sum, requests, index) => sum + requests * (index + 1), 0) / count
  const squares = byAttempts.reduce((sum, requests, index) => sum + requests * (index + 1 - mean) ** 2, 0)
  return { count, mean, variance: count > 1 ? squares / (count - 1) : 0 }
}

const EXACT = 1e-9

export const within = ({ low, high }: Interval, value: number): boolean => value >= low - EXACT && value <= high + EXACT

/** One closed form beside what was counted. */
export interface Comparison {
  what: 'success' | 'load'
  expected: number
  counted: number
  /** 95 %. */
  interval: Interval
  /** Half the interval: of a share in points, of a load as a share of the closed form. */
  halfWidth: number
  /** The closed form lies in the 95 % interval. */
  inside: boolean
  /** And in the wider one that holds for all intervals of the grid at once. */
  agrees: boolean
}

export interface Quantiles {
  /** Of one interval. */
  each: number
  /** Of one interval so that all of them hold at once (Bonferroni). */
  all: number
}

export function compare(counted: Counted, z: Quantiles): Comparison[] {
  const { p, n, requests, succeeded, byAttempts } = counted
  const share = (quantile: number) => wilson(succeeded, requests, quantile)
  const mean = (quantile: number) => meanInterval(byAttempts, quantile)
  const load = loadOf(p, n)
  return [
    comparison('success', successOf(p, n), succeeded / requests, share(z.each), share(z.all), 1),
    comparison('load', load, momentsOf(byAttempts).mean, mean(z.each), mean(z.all), load),
  ]
}

function comparison(
  what: Comparison['what'],
  expected: number,
  counted: number,
  interval: Interval,
  wider: Interval,
  unit: number,
): Comparison {
  const halfWidth = (interval.high - interval.low) / 2 / unit
  return {
    what,
    expected,
    counted,
    interval,
    halfWidth,
    inside: within(interval, expected),
    agrees: within(wider, expected),
  }
}

/** What is wrong with a grid of comparisons, in sentences; nothing where all of it holds. */
export function problemsOf(comparisons: readonly Comparison[], widest: number): string[] {
  const wide = comparisons.filter(({ halfWidth }) => halfWidth > widest)
  const off = comparisons.filter(({ agrees }) => !agrees)
  return [
    ...(wide.length > 0 ? [`${wide.length} of the 95 % intervals are wider than ${widest * 100} % to each side`] : []),
    ...(off.length > 0 ? [`${off.length} closed forms lie outside the intervals that hold for all at once`] : []),
  ]
}
