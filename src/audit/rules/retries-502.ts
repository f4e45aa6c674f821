/** A 502 that is over by the next attempt: the most common fault that there is, and the easiest to hide from a user. */
import { fail, inconclusive, pass, type Rule } from '../rule.js'

export const retries_502 = {
  summary: 'asks again after a 502 to a GET',
  why: 'A gateway answers 502 while one server behind it restarts or its connection was stale; the next attempt gets another one.',
  async check(bench) {
    const lab = await bench.rig({
      faults: [{ id: 'bad', at: 'request_head', effect: { type: 'respond', status: 502 }, first: 1 }],
    })
    const asked = await bench.ask(lab)
    const answer = await asked.settled()
    const attempts = bench.attempts(lab, asked)
    const evidence = bench.told(attempts)
    if (lab.fault('bad').fired === 0) return inconclusive('No request arrived, so there was no 502', evidence)
    if (attempts.length === 1) return fail('One attempt was made: the 502 went to the caller', evidence)
    if (answer?.status === 200) return pass(`${attempts.length} attempts: a 502, then 200`, evidence)
    const got = answer ? (answer.error?.message ?? `status ${answer.status}`) : 'no answer'
    return fail(`It asked again and was answered 200, but the caller got ${got}`, evidence)
  },
} as const satisfies Rule
