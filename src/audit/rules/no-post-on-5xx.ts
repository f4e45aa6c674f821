import { judgeApplied, ORDER } from '../applied.js'
import type { Finding, Rule } from '../rule.js'
import { inconclusive, pass } from '../rule.js'
import { endedOrAgain, giveUp } from '../trouble.js'

const STATUSES = [502, 503, 504]

/** RFC 9110 section 9.2.2: not automatically, unless it knows that the request was not applied. */
export const no_post_on_5xx = {
  summary: 'A POST that got a 502, 503 or 504 is not sent again, or with the same Idempotency-Key',
  why: 'A gateway answers so as well when the server behind it had done the work and lost the answer.',
  needs: ['methods'],
  async check(bench) {
    const findings: Finding[] = []
    for (const status of STATUSES) {
      const lab = await bench.rig({ hops: { app: { kind: 'origin', operations: {}, response: { status } } } })
      const asked = await bench.ask(lab, ORDER)
      await endedOrAgain(bench, lab, asked, 5000)
      giveUp(bench, asked)
      if (bench.attempts(lab, asked).length === 0) return inconclusive('no POST reached the server')
      findings.push(judgeApplied(bench, lab, asked, `a ${status}`))
    }
    const evidence = findings.flatMap((finding) => finding.evidence)
    const wrong = findings.find(({ verdict }) => verdict === 'fail')
    if (wrong) return { ...wrong, evidence }
    return pass(
      'a POST was sent again neither after a 502 nor a 503 nor a 504, unless with its Idempotency-Key',
      evidence,
    )
  },
} as const satisfies Rule
