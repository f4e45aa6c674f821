/** A comparison for people at a terminal. */
import { printable } from '../../lib/printable.js'
import type { ComparedRun, ComparedScenario, Comparison } from './compare.js'
import { aligned } from './ranking.js'
import { cellsOf, HEADS, howCompared, leftOut, turned } from './rows.js'

export const text = {
  summary: 'for people: every metric of both runs, with its difference',
  render(comparison: Comparison): string {
    const { runs, notes, scenarios, only } = comparison
    const changed = turned(comparison)
    const lines = [
      `first:  ${runLine(runs[0])}`,
      `second: ${runLine(runs[1])}`,
      ...notes.map((note) => `note: ${note}`),
      ...scenarios.flatMap((scenario) => ['', ...scenarioLines(scenario)]),
      '',
      ...leftOut(only, 'scenario'),
      changed.length === 0 ? 'no verdict changed' : `changed verdicts: ${changed.join('; ')}`,
    ]
    return `${lines.map(printable).join('\n')}\n`
  },
} as const

const runLine = ({ file, version, proxy, seed, verdict, started }: ComparedRun): string =>
  `${file}  (${verdict}, ${started.slice(0, 16).replace('T', ' ')}, version ${version}, proxy ${proxy}, seed ${seed})`

function scenarioLines(scenario: ComparedScenario): string[] {
  const { id, title, clients, only } = scenario
  const rows = clients.flatMap(({ client, metrics }) => metrics.map((metric) => [client, ...cellsOf(metric)]))
  const heads = ['client', ...HEADS]
  // A client is named once.
  const named = rows.map(([client, ...cells], n) => [rows[n - 1]?.[0] === client ? '' : client!, ...cells])
  const table = rows.length === 0 ? ['nothing that both measured'] : aligned([heads, ...named], RIGHT)
  return [
    `${id}  ${title}`,
    ...[howCompared(scenario), ...leftOut(only, 'client'), ...table].map((line) => `    ${line}`),
  ]
}

const RIGHT = [false, false, true, true, true, true, false]
