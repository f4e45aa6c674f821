import type { Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { listed } from '../telling.js'
import { answers, endedOrAgain, faultOf, giveUp } from '../trouble.js'

/**
 * What a second attempt cannot better: RFC 9110 sections 15.5 and 15.6. A 421 may be sent again, on another connection;
 * a 408, 425, 429 or 500 may help the next time: they are not asked for.
 */
const STATUSES = [400, 401, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 501, 505]

export const only_sensible_statuses = {
  summary: `A status that the same request will get again is not tried again: ${listed(STATUSES.map(String))}`,
  why: 'A request that is wrong stays wrong. To repeat it only adds load, and tells the caller later.',
  async check(bench) {
    const faults = STATUSES.map((status) => faultOf(`s${status}`, answers(status), { match: { path: `/${status}` } }))
    const lab = await bench.rig({ faults })
    const repeated: number[] = []
    const evidence: string[] = []
    let reached = 0
    for (const status of STATUSES) {
      const asked = await bench.ask(lab, { path: `/${status}` })
      await endedOrAgain(bench, lab, asked, 5000)
      giveUp(bench, asked)
      const attempts = bench.attempts(lab, asked)
      if (attempts.length > 0) reached++
      if (attempts.length < 2) continue
      repeated.push(status)
      evidence.push(...bench.told(attempts.slice(0, 3)))
    }
    if (reached < STATUSES.length)
      return inconclusive(`only ${reached} of ${STATUSES.length} requests reached the server`)
    if (repeated.length > 0) return fail(`it tried again after a ${listed(repeated.map(String))}`, evidence)
    return pass(`it tried again after none of ${STATUSES.length} statuses`)
  },
} as const satisfies Rule
