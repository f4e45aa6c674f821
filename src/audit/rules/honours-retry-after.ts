/** A 503 that says when to come back (RFC 9110, 10.2.3): S3 of the matrix. */
import { fail, inconclusive, notApplicable, pass, type Rule } from '../rule.js'

const SECONDS = 3

export const honours_retry_after = {
  summary: 'waits as long as Retry-After on a 503 says',
  why: 'A server that is overloaded or restarts says when it can be asked again; who comes earlier gets another 503 and keeps it down.',
  async check(bench) {
    const effect = { type: 'respond', status: 503, headers: { 'Retry-After': String(SECONDS) } } as const
    const lab = await bench.rig({ faults: [{ id: 'busy', at: 'request_head', effect, first: 1 }] })
    const asked = await bench.ask(lab)
    await asked.settled()
    const attempts = bench.attempts(lab, asked)
    const evidence = bench.told(attempts)
    if (lab.fault('busy').fired === 0) return inconclusive('No request arrived, so there was no 503', evidence)
    const wait = attempts[1]?.gap_ms
    if (wait === undefined || wait === null) return notApplicable('it does not ask again after a 503')
    const waited = `It asked again after ${Math.round(wait)} ms, told to wait ${SECONDS * 1000} ms`
    return wait >= SECONDS * 1000 ? pass(waited, evidence) : fail(waited, evidence)
  },
} as const satisfies Rule
