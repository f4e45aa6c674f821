import type { Rule } from '../rule.js'
import { answers, triesAgainAfter } from '../trouble.js'

/** RFC 9110 section 9.2.2: idempotent requests may be repeated; section 15.6 on the status. */
export const retries_504 = {
  summary: 'A GET that got a 504 is sent again',
  why: 'A 504 says that a gateway waited in vain, once. Nobody knows whether the work was done, and for a GET that does not matter.',
  check: (bench) => triesAgainAfter(bench, answers(504)),
} as const satisfies Rule
