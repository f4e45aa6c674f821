import { formatMs } from '../../lib/units.js'
import type { Finding, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { callerSaw, isGood, outcomeOf, times } from '../telling.js'
import { answers, ended, hasFired, type Trouble } from '../trouble.js'

/** Longer in bytes than in characters, and more than a socket takes at once. */
const TEXT = Array.from({ length: 8000 }, (_, n) => `größe ${n};`).join('')
const BYTES = Buffer.byteLength(TEXT)

const TROUBLES: Trouble[] = [
  { ...answers(503), told: 'a 503 when the body was there', at: { type: 'request_body', after: `${BYTES}B` } },
  { told: 'a reset in the place of the response', at: 'response_head', effect: 'reset' },
]

/** RFC 9110 section 9.2.2: PUT is idempotent. */
export const body_intact = {
  summary: 'A PUT that is sent again has the whole body again',
  why: 'A second attempt with half a body, or none, succeeds all the same, and the server keeps what it got.',
  needs: ['methods', 'body'],
  async check(bench) {
    const evidence: string[] = []
    let again = 0
    for (const trouble of TROUBLES) {
      const lab = await bench.rig({
        hops: { app: { kind: 'origin', keep_body: '256KB' } },
        faults: [{ id: 'trouble', on: 'app', at: trouble.at, effect: trouble.effect, first: 1 }],
      })
      const asked = await bench.ask(lab, { method: 'PUT', body: { type: 'text', text: TEXT } })
      const answer = await ended(bench, lab, asked, 30_000)
      const attempts = bench.attempts(lab, asked)
      evidence.push(
        ...attempts.map((one) => `${formatMs(one.at_ms)}: ${one.request_bytes} of ${BYTES} bytes, ${one.outcome}`),
      )
      evidence.push(callerSaw(answer))
      if (!hasFired(lab, 'trouble')) return inconclusive('no body reached the server', evidence)
      const wrong = wrongWith(attempts.slice(1), trouble)
      if (wrong) return { ...wrong, evidence }
      if (attempts.length < 2) continue
      again++
      if (!isGood(answer))
        return fail(`it sent the whole body again, but its caller has ${outcomeOf(answer)}`, evidence)
    }
    if (again === 0) return notApplicable('it does not send a PUT again, neither after a 503 nor after a reset')
    return pass(`it sent a PUT again after ${times(again, 'trouble')}, with all of its ${BYTES} bytes`, evidence)
  },
} as const satisfies Rule

function wrongWith(
  repeated: readonly { body: string | undefined; request_bytes: number }[],
  { told }: Trouble,
): Finding | undefined {
  const wrong = repeated.find(({ body }) => body !== TEXT)
  if (!wrong) return undefined
  const what = wrong.request_bytes === BYTES ? 'other bytes than those' : `${wrong.request_bytes} of ${BYTES} bytes`
  return fail(`after ${told} it sent the PUT again, with ${what} of its body`)
}
