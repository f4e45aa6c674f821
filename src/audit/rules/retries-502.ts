import type { Rule } from '../rule.js'
import { answers, triesAgainAfter } from '../trouble.js'

/** RFC 9110 section 9.2.2: idempotent requests may be repeated; section 15.6 on the status. */
export const retries_502 = {
  summary: 'A GET that got a 502 is sent again',
  why: 'A gateway answers 502 while one server behind it restarts or its connection was stale; the next attempt gets another one.',
  check: (bench) => triesAgainAfter(bench, answers(502)),
} as const satisfies Rule
