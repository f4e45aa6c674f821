import { judgeApplied, ORDER } from '../applied.js'
import type { Rule } from '../rule.js'
import { inconclusive } from '../rule.js'
import { ended, hasFired } from '../trouble.js'

/** RFC 9110 section 9.2.2; the key is that of draft-ietf-httpapi-idempotency-key-header. */
export const no_duplicate_post = {
  summary: 'A POST whose response was lost is not sent again, or with the same Idempotency-Key',
  why: 'The server had done its work when the connection broke: sent again, an order is placed twice.',
  needs: ['methods'],
  async check(bench) {
    const lab = await bench.rig({
      hops: { app: { kind: 'origin', operations: {} } },
      faults: [{ id: 'lost', on: 'app', at: 'response_head', effect: 'reset', first: 1 }],
    })
    const asked = await bench.ask(lab, ORDER)
    await ended(bench, lab, asked, 30_000)
    if (!hasFired(lab, 'lost')) return inconclusive('no POST reached the server, so no response was lost')
    return judgeApplied(bench, lab, asked, 'a reset in the place of the response')
  },
} as const satisfies Rule
