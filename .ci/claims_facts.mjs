/**
 * Claims that are a list of what would have to be so: figures of clients from all runs of a scenario in, tables and a verdict
 * out. claims.mjs calls it; which figures, and what they are compared with, stands in claims.yaml.
 */
import { comparison, holds } from '../dist/checks/comparison.js'
import { gatewayMetrics } from '../dist/journal/gateway_facts.js'
import { metricTable } from '../dist/journal/metrics/index.js'
import { figureText, judgeFacts } from '../dist/reports/facts.js'

/** Figures of clients in a table, and below it what would have to be so, with the figures that decide. */
export function factsOf({ facts: all, table: { rows, columns }, foot }, metrics) {
  const valuesOf = (client, metric) => metrics.map((run) => figureOf(run, client, metric))
  const shown = (client, metric) => figureText(valuesOf(client, metric), unitOf(metric), noneOf(metric))
  const overview = tableOf([
    ['', ...columns.map(({ as }) => as)],
    ...Object.entries(rows).map(([client, as]) => [`*${as}*`, ...columns.map(({ metric }) => shown(client, metric))]),
  ])
  const judged = all.map(({ say, client, metric, is, most, least, of }) => {
    const [values, others] = [valuesOf(client, metric), of && valuesOf(of, metric)]
    const held = values.map((value, run) => {
      if (is !== undefined) return isSo(comparison('number', 'share', 'duration').parse(is), value, metric)
      if (value === null || others[run] === null) return false
      return most === undefined ? value >= others[run] * partOf(least) : value <= others[run] * partOf(most)
    })
    const rule =
      is ??
      (most === undefined ? `at least ${least} of ${shown(of, metric)}` : `at most ${most} of ${shown(of, metric)}`)
    return {
      say,
      held,
      cells: [say, `${shown(client, metric)}; wanted: ${rule}`, held.every((so) => so) ? 'yes' : 'no'],
    }
  })
  const decided = tableOf([['said', 'measured', 'so in every run'], ...judged.map(({ cells }) => cells)])
  return { table: `${overview}\n\n${decided}`, judged: judgeFacts(judged), foot }
}

function unitOf(metric) {
  return (metricTable[metric] ?? gatewayMetrics[metric]).unit
}

function figureOf(run, client, metric) {
  if (!run[client]) throw new Error(`no client ${client} in the run`)
  return run[client][metric]
}

/** `150%` as 1.5. */
function partOf(text) {
  return Number.parseFloat(text) / 100
}

/** No recovery is longer than any. */
function isSo(wanted, value, metric) {
  return holds(wanted, value ?? (metric === 'recovery_ms' ? Number.POSITIVE_INFINITY : Number.NaN))
}

function noneOf(metric) {
  return metric === 'recovery_ms' ? 'never' : 'none'
}

export function tableOf([head, ...rows]) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
