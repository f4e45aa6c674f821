/** The rules, by their ids, in the order in which reports list them. One file and one line each. */
import type { Rule } from '../rule.js'
import { honours_retry_after } from './honours-retry-after.js'
import { retries_502 } from './retries-502.js'

export const rules: Readonly<Record<string, Rule>> = {
  'retries-502': retries_502,
  'honours-retry-after': honours_retry_after,
}
