/**
 * A matrix for people at a terminal: every cause with what each proxy answered and wrote into its log, then the answers
 * as one table, at the end, where a terminal shows it. Colours are handed in, since only the command line knows the terminal.
 */
import type { Cell, Matrix, MatrixRow } from '../../journal/matrix_result.js'
import { bySection, sections } from '../sections.js'
import { type Palette, plain } from '../text.js'
import {
  answerOf,
  columnOf,
  isDisputed,
  legend,
  type Mark,
  madeOf,
  markOf,
  reasonOf,
  shortLine,
  summaryOf,
} from './words.js'

export const text = {
  summary: 'for people: every cause with answers and log lines, then a table of the answers',
  render: (matrix: Matrix): string => `${matrixLines(matrix).join('\n')}\n`,
} as const

/** @param width of the terminal: longer lines of logs end with an ellipsis; none is shortened if absent */
export function matrixLines(matrix: Matrix, palette: Palette = plain, width = Number.POSITIVE_INFINITY): string[] {
  const groups = bySection(matrix.rows, ({ tags }) => tags)
  const title = (section: keyof typeof sections | undefined): string[] =>
    section === undefined ? [] : [palette.bold(sections[section])]
  const details = groups.flatMap(({ section, items }) => [
    ...title(section),
    ...items.flatMap((row) => rowLines(row, Object.keys(matrix.versions), palette, width)),
    '',
  ])
  const [head, grid] = gridOf(matrix, palette)
  const table = groups.flatMap(({ section, items }) => [...title(section), ...items.map(grid)])
  return [...details, head, ...table, '', palette.dim(`${legend}; ≠ not all the same`), summary(matrix, palette)]
}

const summary = (matrix: Matrix, palette: Palette): string =>
  `${summaryOf(matrix)} ${palette.dim(`(${madeOf(matrix)})`)}`

const COLORS: Record<Mark, keyof Palette> = {
  answer: 'bold',
  skipped: 'dim',
  inconclusive: 'yellow',
  error: 'red',
  missing: 'dim',
}

function rowLines({ id, title, cells }: MatrixRow, proxies: readonly string[], palette: Palette, width: number) {
  const answers = proxies.map((name) => answerOf(cells[name]))
  const nameWidth = Math.max(...proxies.map((name) => name.length))
  const answerWidth = Math.max(...answers.map((answer) => answer.length))
  const room = width - '    '.length - nameWidth - answerWidth - 2 * '  '.length
  const lines = proxies.map((name, index) => {
    const cell = cells[name]
    const answer = palette[COLORS[markOf(cell)]](answers[index]!.padEnd(answerWidth))
    return `    ${name.padEnd(nameWidth)}  ${answer}  ${palette.dim(clipped(cell ? noteOf(cell) : '', room))}`.trimEnd()
  })
  return [`${palette.bold(id)}  ${title}`, ...lines]
}

const noteOf = (cell: Cell): string => reasonOf(cell) ?? (cell.log === null ? '' : shortLine(cell.log))

const clipped = (line: string, room: number): string =>
  line.length > room && room > 1 ? `${line.slice(0, room - 1)}…` : line

/** Its head, and what makes a line of a row. */
function gridOf(matrix: Matrix, palette: Palette): [head: string, line: (row: MatrixRow) => string] {
  const proxies = Object.keys(matrix.versions)
  const heads = proxies.map((name) => columnOf(matrix, name))
  const idWidth = Math.max(...matrix.rows.map(({ id }) => id.length))
  const widths = proxies.map((name, index) =>
    Math.max(heads[index]!.length, ...matrix.rows.map(({ cells }) => answerOf(cells[name]).length)),
  )
  const head = [' '.repeat(idWidth + 2), ...heads.map((name, index) => name.padEnd(widths[index]!))]
  return [
    palette.bold(head.join('  ').trimEnd()),
    (row) => {
      const mark = isDisputed(row) ? palette.yellow('≠') : ' '
      const answers = proxies.map((name, index) => {
        const cell = row.cells[name]
        return palette[COLORS[markOf(cell)]](answerOf(cell).padEnd(widths[index]!))
      })
      return [`${mark} ${row.id.padEnd(idWidth)}`, ...answers].join('  ').trimEnd()
    },
  ]
}
