import type { Rule } from '../rule.js'
import { answers, triesAgainAfter } from '../trouble.js'

/** RFC 9110 section 9.2.2: idempotent requests may be repeated; section 15.6 on the status. */
export const retries_503 = {
  summary: 'A GET that got a 503 is sent again',
  why: 'A 503 says that the server has no room just now. It is over in a moment, and a GET may be sent again.',
  check: (bench) => triesAgainAfter(bench, answers(503)),
} as const satisfies Rule
