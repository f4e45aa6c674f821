/** The metrics of clients as comparisons need them: their unit, and whether more is better. */
import { type MetricUnit, metricTable, type ScalarMetric, scalarMetrics } from '../../journal/metrics/index.js'
import { meanOf } from '../../lib/statistics.js'
import { formatMs } from '../../lib/units.js'

export type Unit = Exclude<MetricUnit, 'counts' | 'shares'>

export interface Comparable {
  readonly unit: Unit
  /** Absent where neither is. */
  readonly better?: 'higher' | 'lower'
}

/** All that are one number. */
export const comparables: Readonly<Record<ScalarMetric, Comparable>> = Object.fromEntries(
  scalarMetrics.map((name): [ScalarMetric, Comparable] => [name, metricTable[name]]),
) as unknown as Record<ScalarMetric, Comparable>

/** What is compared where nobody says what. */
export const USUAL: readonly string[] = ['success_rate', 'amplification', 'latency_p50_ms', 'latency_p99_ms']

/** Of a metric that another version may have: its unit stands in its name. */
export function comparableOf(metric: string): Comparable {
  if (Object.hasOwn(comparables, metric)) return comparables[metric as ScalarMetric]
  return { unit: metric.endsWith('_ms') ? 'duration' : /_(rate|share|ratio)$/.test(metric) ? 'share' : 'number' }
}

/** Null where it is not defined, or another version did not measure it. */
export const numberOf = (metrics: object | undefined, metric: string): number | null => {
  const value = metrics && Object.hasOwn(metrics, metric) ? metrics[metric as keyof typeof metrics] : null
  return typeof value === 'number' ? value : null
}

/**
 * The mean over all runs; null unless every one has a value: of what never was (an end, a recovery), a mean over the other
 * runs would make it look well.
 */
export function meanOfAll(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === values.length && known.length > 0 ? meanOf(known) : null
}

export function shown(value: number | null, unit: Unit): string {
  if (value === null) return '-'
  if (unit === 'share') return `${rounded(value * 100)}%`
  if (unit === 'duration') return formatMs(value)
  return rounded(value)
}

/** With its sign; that of shares is in percentage points. */
export const shownDifference = (value: number, unit: Unit): string =>
  signed(value, unit) + (unit === 'share' ? ' pp' : '')

/** `[-1.2, +3.4] pp`: the unit once. */
export function shownInterval([low, high]: readonly [number, number], unit: Unit): string {
  return `[${signed(low, unit)}, ${signed(high, unit)}]${unit === 'share' ? ' pp' : ''}`
}

const signed = (value: number, unit: Unit): string =>
  (value < 0 ? '-' : value > 0 ? '+' : '') + magnitude(Math.abs(value), unit)

const magnitude = (value: number, unit: Unit): string =>
  unit === 'share' ? rounded(value * 100) : unit === 'duration' ? formatMs(value) : rounded(value)

/** Two decimals, or two digits of what is less than they show. */
const rounded = (value: number): string =>
  String(Number(Math.abs(value) < 0.1 ? value.toPrecision(2) : value.toFixed(2)))
