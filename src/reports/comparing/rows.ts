/** What the formats say of a comparison alike, cell by cell. */
import type { ComparedMetric, ComparedScenario, Comparison } from './compare.js'
import { comparableOf, shown, shownDifference, shownInterval } from './metrics.js'

/** metric, first, second, difference, interval, change */
export function cellsOf({ metric, values, difference, ci95, change }: ComparedMetric): string[] {
  const { unit } = comparableOf(metric)
  return [
    metric,
    shown(values[0], unit),
    shown(values[1], unit),
    difference === null ? '' : shownDifference(difference, unit),
    ci95 === null ? '' : shownInterval(ci95, unit),
    change ?? '',
  ]
}

export const HEADS = ['metric', 'first', 'second', 'difference', '95 % interval', ''] as const

/** `verdict: pass, then fail; 5 runs each, compared in pairs`. */
export function howCompared({ verdicts, repeats, paired }: ComparedScenario): string {
  const [first, second] = verdicts
  const [n, m] = repeats
  const verdict = first === second ? `verdict: ${first} in both` : `verdict: ${first}, then ${second}`
  const runs = n === m ? (n === 1 ? 'one run each' : `${n} runs each`) : `${n} and ${m} runs`
  const how =
    n < 2 || m < 2 ? 'an interval needs --repeat' : paired ? 'same seeds: in pairs' : 'other seeds: not in pairs'
  return `${verdict}; ${runs}, ${how}`
}

/** What is only in one of the two. */
export function leftOut(only: Comparison['only'], what: string): string[] {
  return only.flatMap((names, n) =>
    names.length > 0 ? [`only in the ${n === 0 ? 'first' : 'second'}: ${what} ${names.join(', ')}`] : [],
  )
}

/** The scenarios whose verdict is another one now. */
export const turned = ({ scenarios }: Comparison): string[] =>
  scenarios.flatMap(({ id, verdicts: [first, second] }) =>
    first === second ? [] : [`${id}: ${first}, then ${second}`],
  )
