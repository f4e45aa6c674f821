/** A comparison as Markdown, for a pull request or an issue. */
import type { ComparedScenario, Comparison } from './compare.js'
import { cellsOf, HEADS, howCompared, leftOut, turned } from './rows.js'

export const markdown = {
  summary: 'Markdown, for a pull request',
  render(comparison: Comparison): string {
    const { runs, notes, scenarios, only } = comparison
    const changed = turned(comparison)
    const heads = ['', 'run', 'verdict', 'started', 'version', 'proxy', 'seed']
    const rows = runs.map(({ file, verdict, started, version, proxy, seed }, n) =>
      [n === 0 ? 'first' : 'second', `\`${file}\``, verdict, started, version, proxy, String(seed)].map(cell),
    )
    const blocks = [
      '# Comparison of two runs',
      table(heads, rows),
      ...notes.map((note) => `Note: ${note}.`),
      ...scenarios.flatMap(scenarioBlocks),
      ...leftOut(only, 'scenario').map(capital),
      changed.length === 0 ? 'No verdict changed.' : `Changed verdicts: ${changed.join('; ')}.`,
    ]
    return `${blocks.join('\n\n')}\n`
  },
} as const

function scenarioBlocks(scenario: ComparedScenario): string[] {
  const { id, title, clients, only } = scenario
  const rows = clients.flatMap(({ client, metrics }) => metrics.map((metric) => [client, ...cellsOf(metric)].map(cell)))
  return [
    `## ${id}`,
    cell(title),
    `${capital(howCompared(scenario))}.`,
    ...leftOut(only, 'client').map(capital),
    rows.length === 0 ? 'Nothing that both measured.' : table(['client', ...HEADS.slice(0, -1), 'change'], rows),
  ]
}

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/** What would end a cell, or be taken for HTML, is a character. */
const cell = (value: string): string =>
  value.replace(/\\/g, '\\\\').replace(/\|/g, '\\|').replace(/</g, '&lt;').replace(/\s+/g, ' ')

const capital = (sentence: string): string => sentence[0]!.toUpperCase() + sentence.slice(1)
