/** Confusion matrices: what was so, beside what was said, counted. Generators of docs/ call it; it knows no procedure. */

export interface Verdict<Truth extends string, Answer extends string> {
  truth: Truth
  answer: Answer
}

export interface Confusion<Truth extends string, Answer extends string> {
  truths: readonly Truth[]
  answers: readonly Answer[]
  count(truth: Truth, answer: Answer): number
  /** Of that truth, whatever was said. */
  total(truth: Truth): number
  /** The share of what was so that was said to be so; undefined where there was none. */
  recall(truth: Truth): number | undefined
  /** The share of what was said to be so that was so; undefined where it was never said. */
  precision(answer: Answer): number | undefined
  /** The share of all that was said rightly. */
  accuracy: number
  size: number
}

export function confusionOf<Truth extends string, Answer extends string>(
  verdicts: readonly Verdict<Truth, Answer>[],
  truths: readonly Truth[],
  answers: readonly Answer[],
): Confusion<Truth, Answer> {
  const counts = new Map<string, number>()
  for (const { truth, answer } of verdicts) counts.set(cell(truth, answer), (counts.get(cell(truth, answer)) ?? 0) + 1)
  const count = (truth: Truth, answer: Answer): number => counts.get(cell(truth, answer)) ?? 0
  const total = (truth: Truth): number => sum(answers.map((answer) => count(truth, answer)))
  const said = (answer: Answer): number => sum(truths.map((truth) => count(truth, answer)))
  const right = (word: Truth | Answer): number => count(word as Truth, word as Answer)
  return {
    truths,
    answers,
    count,
    total,
    recall: (truth) => share(right(truth), total(truth)),
    precision: (answer) => share(right(answer), said(answer)),
    accuracy: share(sum(truths.map(right)), verdicts.length) ?? 0,
    size: verdicts.length,
  }
}

const cell = (truth: string, answer: string): string => `${truth}\n${answer}`
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
const share = (part: number, whole: number): number | undefined => (whole === 0 ? undefined : part / whole)

/** A row for each truth with its recall, and a last one with the precision of each answer. */
export function confusionTable<Truth extends string, Answer extends string>(
  confusion: Confusion<Truth, Answer>,
  { scores = true }: { scores?: boolean } = {},
): string {
  const { truths, answers, count, recall, precision } = confusion
  const head = ['was ↓ said →', ...answers.map(code), ...(scores ? ['recall'] : [])]
  const rows = truths.map((truth) => [
    code(truth),
    ...answers.map((answer) => String(count(truth, answer) || '')),
    ...(scores ? [percent(recall(truth))] : []),
  ])
  const last = scores ? [['precision', ...answers.map((answer) => percent(precision(answer))), '']] : []
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, n) => (n === 0 ? '---' : '---:'))), ...[...rows, ...last].map(line)].join('\n')
}

const code = (word: string): string => `\`${word}\``
const percent = (value: number | undefined): string => (value === undefined ? 'none' : `${(100 * value).toFixed(0)} %`)
