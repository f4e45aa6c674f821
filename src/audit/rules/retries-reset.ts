import type { Rule } from '../rule.js'
import { reset, triesAgainAfter } from '../trouble.js'

/** RFC 9110 section 9.2.2: a client may repeat an idempotent request when the connection failed before the response. */
export const retries_reset = {
  summary: 'A GET whose connection was reset is sent again',
  why: 'A server that is restarted resets what it has open. The next one is there already.',
  check: (bench) => triesAgainAfter(bench, reset),
} as const satisfies Rule
