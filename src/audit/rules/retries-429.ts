import type { Rule } from '../rule.js'
import { answers, triesAgainAfter } from '../trouble.js'

/** RFC 6585 section 4. */
export const retries_429 = {
  summary: 'A GET that got a 429 with a Retry-After is sent again',
  why: 'The server says that it would take the request, only later, and when.',
  check: (bench) =>
    triesAgainAfter(bench, {
      ...answers(429, { headers: { 'Retry-After': '1' } }),
      told: 'a 429 that asks for a second',
    }),
} as const satisfies Rule
