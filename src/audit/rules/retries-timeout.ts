import { hasTimeFor } from '../patience.js'
import type { Rule } from '../rule.js'
import { inconclusive } from '../rule.js'
import { callerSaw } from '../telling.js'
import { type Trouble, triesAgainAfter } from '../trouble.js'

/** undici and Node's fetch wait for a head for five minutes by default, the longest of those that end at all. */
const LONGEST_LIMIT_MS = 330_000

export const retries_timeout = {
  summary: 'A GET that nobody answers is given up in time, and sent again',
  why: 'One server that hangs costs every caller all its patience, though the next attempt would be answered at once.',
  async check(bench) {
    const silence: Trouble = { told: 'silence', at: 'request_head', effect: 'stall' }
    const finding = await triesAgainAfter(bench, silence, { withinMs: LONGEST_LIMIT_MS })
    const waiting = finding.verdict === 'fail' && finding.evidence.at(-1) === callerSaw(undefined)
    if (!waiting) return finding
    if (!hasTimeFor(bench, LONGEST_LIMIT_MS)) {
      return inconclusive(
        'it was still waiting when the audit had waited as long as it does in real time',
        finding.evidence,
      )
    }
    return { ...finding, because: `${finding.because} within ${LONGEST_LIMIT_MS / 1000} s` }
  },
} as const satisfies Rule
