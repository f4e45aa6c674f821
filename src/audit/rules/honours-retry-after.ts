import { comebacksAfter, judgeComebacks } from '../comeback.js'
import type { Rule } from '../rule.js'

/** RFC 9110 section 10.2.3. */
export const honours_retry_after = {
  summary: 'A Retry-After of 3 s on a 503 is honoured: no attempt comes sooner',
  why: 'A server that is overloaded or restarts says when it can be asked again; who comes earlier gets another 503 and keeps it down.',
  check: async (bench) => judgeComebacks(bench, await comebacksAfter(bench, [503], 3), 3),
} as const satisfies Rule
