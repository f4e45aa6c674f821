/**
 * The report for people at a terminal of 80 columns: each scenario with what its clients saw and which servers turned,
 * under it what did not hold, and a line that sums up. The command line prints it scenario by scenario as they end; colours are handed in,
 * since only it knows the terminal.
 */
import type { RunResult, ScenarioResult, Verdict } from '../journal/result.js'
import { printable } from '../lib/printable.js'
import { formatMs } from '../lib/units.js'
import { rankingLines } from './comparing/ranking.js'
import { bySection, type Section, sections } from './sections.js'
import { failingChecks, healthOfServers, remarks, repeats, retriesByClient, saturated, seenByClient } from './words.js'

/** What picocolors.createColors() gives, as far as it is used. */
export type Palette = Record<'green' | 'red' | 'yellow' | 'dim' | 'bold', (text: string) => string>

const same = (text: string): string => text
export const plain: Palette = { green: same, red: same, yellow: same, dim: same, bold: same }

/** The whole report. */
export const text = {
  summary: 'for people: every scenario with what its clients saw, what did not hold, and a summary',
  fileName: 'report.txt',
  render(result: RunResult): string {
    const print = createScenarioPrinter(result.scenarios)
    const groups = bySection(result.scenarios, ({ tags }) => tags)
    return [...groups.flatMap(({ items }) => items.map((one) => print(one))), '', summary(result), ''].join('\n')
  },
} as const

/**
 * Prints scenarios one after the other, with the name of their section above the first that is printed of it.
 * @param scenarios all that may be printed, which tell whether there are sections
 */
export function createScenarioPrinter(scenarios: readonly Pick<ScenarioResult, 'id' | 'tags'>[]) {
  const groups = bySection(scenarios, ({ tags }) => tags)
  const sectionOf = new Map(groups.flatMap(({ section, items }) => items.map(({ id }) => [id, section] as const)))
  let last: Section | undefined
  return (result: ScenarioResult, palette: Palette = plain): string => {
    const section = sectionOf.get(result.id)
    const lines = scenarioLines(result, palette)
    if (section === undefined || section === last) return lines
    const gap = last === undefined ? '' : '\n'
    last = section
    return `${gap}${palette.bold(sections[section])}\n${lines}`
  }
}

const MARKS: Record<Verdict, [mark: string, color: keyof Palette]> = {
  pass: ['✓', 'green'],
  fail: ['✗', 'red'],
  inconclusive: ['?', 'yellow'],
  skipped: ['–', 'dim'],
  error: ['!', 'red'],
}

/** One scenario: its name, then indented what clients saw, why it did not pass, what --trace recorded. */
export function scenarioLines(result: ScenarioResult, palette: Palette = plain): string {
  const [mark, color] = MARKS[result.verdict]
  const time = result.verdict === 'skipped' ? undefined : formatMs(result.duration_ms)
  const run = [repeats(result), time].filter(Boolean).join(', ')
  const seen = [
    ...seenByClient(result),
    ...retriesByClient(result),
    ...saturated(result),
    ...healthOfServers(result),
  ].flatMap((line) => folded(printable(line)))
  const last = seen.pop() ?? ''
  const lines = [`${palette[color](mark)} ${palette.bold(result.id)}  ${printable(result.title)}`]
  lines.push(...seen.map((line) => `    ${line}`), ...ended(last, run, palette))
  if (result.reason !== undefined) lines.push(`    ${palette[color](printable(result.reason))}`)
  if (result.verdict !== 'pass') lines.push(...failingChecks(result).map((line) => `    ${printable(line)}`))
  if (result.ranking) lines.push(...rankingLines(result.ranking).map((line) => `    ${line}`))
  lines.push(...remarks(result).map((remark) => `    ${palette.dim(printable(remark))}`))
  const untold = result.faults.filter(({ fired }) => fired === null)
  lines.push(...untold.map(({ id }) => `    ${palette.dim(`fault ${id}: nobody could tell whether it fired`)}`))
  lines.push(...(result.trace ?? []).map((line) => `    ${palette.dim(printable(line))}`))
  return lines.join('\n')
}

/** Columns of a terminal, less those that the lines under a scenario stand in. */
const WIDTH = 80 - '    '.length

/** Broken after commas where it is too long. */
function folded(text: string): string[] {
  const lines: string[] = []
  for (const part of text.split(/(?<=, )/)) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + part.trimEnd().length <= WIDTH) lines[lines.length - 1] = line + part
    else lines.push(line === undefined ? part : `    ${part}`)
  }
  return lines.map((line) => line.trimEnd())
}

/** How long the run took stands behind the last line, or under it. */
function ended(last: string, run: string, palette: Palette): string[] {
  if (run === '') return last === '' ? [] : [`    ${last}`]
  const told = palette.dim(`(${run})`)
  if (last === '') return [`    ${told}`]
  return last.length + ` (${run})`.length <= WIDTH ? [`    ${last} ${told}`] : [`    ${last}`, `    ${told}`]
}

const COUNTED: readonly [verdict: Verdict, words: string, always: boolean][] = [
  ['pass', 'passed', true],
  ['fail', 'failed', true],
  ['inconclusive', 'inconclusive', false],
  ['skipped', 'skipped', false],
  ['error', 'could not run', false],
]

/** `12 passed, 1 failed, 2 skipped (3.40 s, engine live, proxy mini, seed 1)`: also how to get the same run again. */
export function summary(result: RunResult, palette: Palette = plain): string {
  const counts = COUNTED.flatMap(([verdict, words, always]) => {
    const count = result.scenarios.filter((scenario) => scenario.verdict === verdict).length
    if (count === 0 && !always) return []
    return [count === 0 ? `${count} ${words}` : palette[MARKS[verdict][1]](`${count} ${words}`)]
  })
  const run = [formatMs(result.duration_ms), `engine ${result.engine}`, `proxy ${result.proxy}`, `seed ${result.seed}`]
  return `${counts.join(', ')}${result.interrupted ? ', interrupted' : ''} ${palette.dim(`(${run.join(', ')})`)}`
}
