/** A matrix as Markdown: for a page, a pull request, an issue. .ci/rosetta.mjs uses its tables. */
import type { Cell, Matrix, MatrixRow } from '../../journal/matrix_result.js'
import { bySection, sections } from '../sections.js'
import { answerOf, columnOf, isDisputed, legend, madeOf, markOf, reasonOf, shortLine, summaryOf } from './words.js'

export const markdown = {
  summary: 'Markdown, for a page, a pull request or an issue',
  render: (matrix: Matrix): string => `${['# Causes at proxies', ...blocks(matrix)].join('\n\n')}\n`,
} as const

/** With what it was made, a table for each section, and why cells have no answer. */
export function blocks(matrix: Matrix): string[] {
  const groups = bySection(matrix.rows, ({ tags }) => tags)
  const tables = groups.flatMap(({ section, items }) => [
    ...(section === undefined ? [] : [`## ${sections[section]}`]),
    tableOf(matrix, items),
  ])
  return [`${summaryOf(matrix)} (${madeOf(matrix)}).`, `${legend}; ≠ not all the same.`, ...tables, ...reasons(matrix)]
}

/** Those causes, with what each proxy answered and, under it, its line. */
export function tableOf(matrix: Matrix, rows: readonly MatrixRow[]): string {
  const proxies = Object.keys(matrix.versions)
  const heads = ['cause', ...proxies.map((name) => columnOf(matrix, name))]
  const lines = rows.map((row) => [
    `${isDisputed(row) ? '≠ ' : ''}\`${row.id}\`<br>${inline(row.title)}`,
    ...proxies.map((name) => cellText(row.cells[name])),
  ])
  return [heads, heads.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function cellText(cell: Cell | undefined): string {
  const answer = answerOf(cell)
  if (markOf(cell) !== 'answer') return answer
  return cell!.log === null ? `**${answer}**` : `**${answer}**<br>${code(shortLine(cell!.log))}`
}

function reasons(matrix: Matrix): string[] {
  const list = reasonList(matrix)
  return list === '' ? [] : ['## Cells without an answer', list]
}

/** Each reason once, with the cells that it stands for. */
export function reasonList({ rows }: Matrix): string {
  const found = new Map<string, string[]>()
  for (const { id, cells } of rows) {
    for (const [proxy, cell] of Object.entries(cells)) {
      const reason = reasonOf(cell)
      if (reason === undefined) continue
      const line = `\`${id}\`: ${inline(reason)}`
      found.set(line, [...(found.get(line) ?? []), proxy])
    }
  }
  return [...found].map(([line, who]) => `- ${line} (${who.join(', ')})`).join('\n')
}

/** As it stands, inside a cell: one tick more than any run of ticks in it. */
export function code(value: string): string {
  const ticks = '`'.repeat(Math.max(0, ...[...value.matchAll(/`+/g)].map(([run]) => run.length)) + 1)
  const padding = /^`|`$/.test(value) ? ' ' : ''
  return `${ticks}${padding}${value.replace(/\|/g, '\\|')}${padding}${ticks}`
}

/** What would end a cell, or be taken for HTML or for a mark of Markdown, is a character. */
export const inline = (value: string): string =>
  value
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_|]/g, '\\$&')
    .replace(/</g, '&lt;')
