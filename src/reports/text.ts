/**
 * The report for people at a terminal: one line per scenario, under it what did not hold, and a line that sums up. The
 * command line prints it line by line as scenarios end; colours are handed in, since only it knows the terminal.
 */
import type { RunResult, ScenarioResult, Verdict } from '../journal/result.js'
import { formatMs } from '../lib/units.js'
import { failingChecks, seen } from './words.js'

/** What picocolors.createColors() gives, as far as it is used. */
export type Palette = Record<'green' | 'red' | 'yellow' | 'dim' | 'bold', (text: string) => string>

const same = (text: string): string => text
export const plain: Palette = { green: same, red: same, yellow: same, dim: same, bold: same }

/** The whole report. */
export const text = {
  summary: 'for people: a line per scenario, what did not hold, and a summary',
  fileName: 'report.txt',
  render: (result: RunResult): string =>
    [...result.scenarios.map((scenario) => scenarioLine(scenario)), '', summary(result), ''].join('\n'),
} as const

const MARKS: Record<Verdict, [mark: string, color: keyof Palette]> = {
  pass: ['✓', 'green'],
  fail: ['✗', 'red'],
  inconclusive: ['?', 'yellow'],
  skipped: ['–', 'dim'],
  error: ['!', 'red'],
}

/** One scenario: its line and, indented, why it did not pass, and what --trace recorded. No line feed at the end. */
export function scenarioLine(result: ScenarioResult, palette: Palette = plain): string {
  const [mark, color] = MARKS[result.verdict]
  const what = seen(result)
  const head = `${palette[color](mark)} ${palette.bold(result.id)}  ${result.title}`
  const tail = result.verdict === 'skipped' ? '' : palette.dim(` (${formatMs(result.duration_ms)})`)
  const lines = [`${head}${what && ` → ${what}`}${tail}`]
  if (result.reason !== undefined) lines.push(`    ${palette[color](result.reason)}`)
  if (result.verdict !== 'pass') lines.push(...failingChecks(result).map((line) => `    ${line}`))
  const untold = result.faults.filter(({ fired }) => fired === null)
  lines.push(...untold.map(({ id }) => `    ${palette.dim(`fault ${id}: nobody could tell whether it fired`)}`))
  lines.push(...(result.trace ?? []).map((line) => `    ${palette.dim(line)}`))
  return lines.join('\n')
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
