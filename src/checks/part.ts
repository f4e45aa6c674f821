/** So many of all, as a count or as a share, by what it is compared with: for the checks that take both. */
import type { CheckResult } from '../journal/result.js'
import { type Comparison, compared, inconclusive } from './comparison.js'

/** @param none what is said where there are not any */
export function part(name: string, wanted: Comparison, count = 0, all = 0, none: string): CheckResult {
  if (all === 0) return inconclusive(name, wanted, none)
  return compared(name, wanted, wanted.unit === 'share' ? count / all : count)
}
