/** How many lines of a kind hold some words: for the checks that look into a log or a field. */
import type { LineFacts } from '../journal/reduce.js'
import type { CheckResult } from '../journal/result.js'
import { type Comparison, compared, holdsWithin, inconclusive } from './comparison.js'

export function containing(
  name: string,
  is: Comparison,
  { lines, others }: LineFacts,
  holds: (line: string) => boolean,
): CheckResult {
  let count = 0
  for (const [line, times] of lines) if (holds(line)) count += times
  if (holdsWithin(is, count, count + others) === undefined) {
    return inconclusive(name, is, `${count} in the lines that were kept; ${others} were not`)
  }
  return compared(name, is, count)
}
