/**
 * The report for people at a terminal: a line for each rule with what was found, under it the evidence where it does not
 * hold, and a line that sums up. The command line prints it rule by rule as they end; colours are handed in.
 */
import { printable } from '../../lib/printable.js'
import { formatMs } from '../../lib/units.js'
import { type Palette, plain } from '../../reports/text.js'
import type { AuditResult, AuditRun, RuleResult } from '../result.js'
import type { RuleVerdict } from '../rule.js'
import { changeOf, comparisonOf, countOf, earlierOf, kindOf, labelOf, markOf, VERDICTS } from './words.js'

export const text = {
  summary: 'for people: what each rule found, with the evidence where it does not hold',
  fileName: 'report.txt',
  render: ({ audits }: AuditRun): string =>
    audits
      .map((audit) =>
        [headLine(audit), ...audit.rules.map((rule) => ruleLines(rule)), '', summary(audit), ''].join('\n'),
      )
      .join('\n'),
} as const

/** What is audited. */
export const headLine = (
  audit: Pick<AuditResult, 'subject' | 'versions' | 'kind' | 'time_scale'>,
  palette: Palette = plain,
): string => `${palette.bold(labelOf(audit))} ${palette.dim(`(${kindOf(audit)})`)}`

const COLORS: Record<RuleVerdict, keyof Palette> = {
  pass: 'green',
  fail: 'red',
  inconclusive: 'yellow',
  not_applicable: 'dim',
}

/** One rule: what was found, then indented what servers saw, what was expected, and why that matters. */
export function ruleLines(
  { rule, verdict, because, evidence, summary, why }: RuleResult,
  palette: Palette = plain,
): string {
  const head = `${palette[COLORS[verdict]](markOf(verdict))} ${palette.bold(rule)}  ${printable(because)}`
  if (verdict === 'pass' || verdict === 'not_applicable') return head
  const more = verdict === 'fail' ? [...folded(`Expected: ${summary}`), ...folded(`Why: ${why}`)] : []
  return [head, ...evidence.flatMap(folded), ...more.map((line) => palette.dim(line))].join('\n')
}

const INDENT = '    '
/** Columns of a terminal. */
const WIDTH = 80

/** Indented, and broken at spaces where it is too long. */
function folded(text: string): string[] {
  const lines: string[] = []
  for (const word of printable(text).split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(`${INDENT}${line === undefined ? '' : '  '}${word}`)
  }
  return lines
}

/** `got 15.0.5: 20 passed, 3 failed, 4 not applicable (12.3 s, seed 1)`, and how it stands against the baseline. */
export function summary(audit: AuditResult, palette: Palette = plain): string {
  const { rules, interrupted, duration_ms, seed, against } = audit
  const counts = VERDICTS.flatMap(([verdict, , words]) => {
    const count = countOf(rules, verdict)
    if (count === 0 && verdict !== 'pass' && verdict !== 'fail') return []
    return [count === 0 ? `0 ${words}` : palette[COLORS[verdict]](`${count} ${words}`)]
  })
  const run = palette.dim(`(${formatMs(duration_ms)}, seed ${seed})`)
  const line = `${labelOf(audit)}: ${counts.join(', ')}${interrupted ? ', interrupted' : ''} ${run}`
  return [line, ...(against ? againstLines(against, palette) : [])].join('\n')
}

function againstLines(against: NonNullable<AuditResult['against']>, palette: Palette): string[] {
  const { worse, better, unsure, as_before } = against
  return [
    `Against ${earlierOf(against)}: ${comparisonOf(against)}`,
    ...worse.map((change) => `${INDENT}${palette.red('worse')}      ${changeOf(change)}`),
    ...better.map((change) => `${INDENT}${palette.green('better')}     ${changeOf(change)}`),
    ...unsure.map((change) => `${INDENT}${palette.yellow('unsure')}     ${changeOf(change)}`),
    ...as_before.map((rule) => `${INDENT}${palette.dim('as before')}  ${rule}: fail`),
  ]
}
