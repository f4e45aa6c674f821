import { comebacksAfter, judgeComebacks } from '../comeback.js'
import type { Rule } from '../rule.js'

/** RFC 9110 section 10.2.3 names 503 and redirects, and forbids it nowhere. */
export const retry_after_on_502_504 = {
  summary: 'A Retry-After of 3 s is honoured on a 502 and a 504 as well',
  why: 'Gateways that shed load say when to come back, whatever status they do it with.',
  check: async (bench) => judgeComebacks(bench, await comebacksAfter(bench, [502, 504], 3), 3),
} as const satisfies Rule
