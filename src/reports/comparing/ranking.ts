/**
 * The clients of one scenario ranked by a metric, with what each differs by from the best or from one that is named. Runs
 * of the same repetition met the same tape of faults, so they are compared in pairs. run.ts calls it.
 */
import type { RankedClient, Ranking, RepeatResult } from '../../journal/result.js'
import { pairedDifference } from '../../lib/statistics.js'
import { comparableOf, meanOfAll, numberOf, shown, shownDifference, shownInterval } from './metrics.js'

export interface RankBy {
  metric: string
  /** The client that others are compared with; the best if absent. */
  baseline?: string | undefined
}

/** Undefined where there are not two clients to rank. */
export function rankClients(runs: readonly RepeatResult[], { metric, baseline }: RankBy): Ranking | undefined {
  // What could not run to its end measured only a part.
  const whole = runs.filter(({ verdict }) => verdict !== 'error' && verdict !== 'skipped')
  const names = [...new Set(whole.flatMap(({ clients }) => Object.keys(clients)))]
  const measured = names.map((client) => {
    const values = whole.map(({ clients }) => numberOf(clients[client], metric))
    return { client, values, value: meanOfAll(values) }
  })
  const { better } = comparableOf(metric)
  measured.sort((a, b) => inOrder(a.value, b.value, better))
  if (measured.length < 2) return undefined
  const against = measured.find(({ client }) => client === baseline) ?? measured[0]!
  return {
    metric,
    better: better ?? null,
    against: against.client,
    repeats: whole.length,
    clients: measured.map(({ client, value, values }): RankedClient => {
      const none = { client, value, difference: null, ci95: null }
      if (client === against.client || value === null || against.value === null) return none
      return { client, value, ...pairedDifference(against.values as number[], values as number[]) }
    }),
  }
}

/** The best first, those without a value last; without a better, the highest. */
function inOrder(a: number | null, b: number | null, better: 'higher' | 'lower' | undefined): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return better === 'lower' ? a - b : b - a
}

/** The table under a scenario, without indentation. */
export function rankingLines({ metric, better, against, repeats, clients }: Ranking): string[] {
  const { unit } = comparableOf(metric)
  const rows = clients.map(({ client, value, difference, ci95 }) => [
    // Who is as good has the same place.
    value === null ? '-' : String(clients.findIndex((other) => other.value === value) + 1),
    client,
    shown(value, unit),
    difference === null ? '' : shownDifference(difference, unit),
    ci95 === null ? '' : shownInterval(ci95, unit),
  ])
  const order = better === null ? 'the highest first' : `${better} is better`
  const how = repeats > 1 ? `means of ${repeats} runs` : 'one run: an interval needs --repeat'
  return [
    `ranked by ${metric} (${order}), ${how}`,
    `difference to ${against}${repeats > 1 ? ', with its 95 % interval' : ''}`,
    ...aligned(rows, [true, false, true, true, true]),
  ]
}

/** Columns as wide as their widest cell. @param right those that end where it does */
export function aligned(rows: readonly (readonly string[])[], right: readonly boolean[]): string[] {
  const widths = right.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}
