import type { Answer } from '../../clients/driver.js'
import { patience } from '../patience.js'
import type { Asked, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { callerSaw, isGood, outcomeOf } from '../telling.js'
import { hasFired } from '../trouble.js'

/** A client keeps a connection for seconds, and on a fast clock those are short: a busy machine may miss one. */
const TRIES = 5

/** RFC 9112 section 9.3.1 and RFC 9110 section 9.2.2: a client may repeat such a request by itself. */
export const idle_close_race = {
  summary: 'A GET on a kept connection that the server closes at that moment is sent again on a new one',
  why: 'Servers close idle connections when they please; the request that crosses it was never read, and fails for nothing.',
  async check(bench) {
    const lab = await bench.rig({
      faults: [{ id: 'crossed', at: 'request_head', effect: 'close', match: { ordinal: 2 }, first: 1 }],
    })
    const calls: Asked[] = []
    const call = async (): Promise<Answer | undefined> => {
      const asked = await bench.ask(lab)
      calls.push(asked)
      return asked.settled(patience(bench, 60_000))
    }
    let answer = await call()
    if (!isGood(answer))
      return inconclusive('its first call, with which nothing was wrong, failed', [callerSaw(answer)])
    for (let n = 0; n < TRIES && !hasFired(lab, 'crossed'); n++) answer = await call()
    const evidence = [...calls.flatMap((asked) => bench.told(bench.attempts(lab, asked))), callerSaw(answer)]
    if (!hasFired(lab, 'crossed')) return notApplicable('it opens a new connection for each call')
    if (!isGood(answer)) return fail(`it did not try again: its caller has ${outcomeOf(answer)}`, evidence)
    return pass('the kept connection was closed under its request, and it sent that again on a new one', evidence)
  },
} as const satisfies Rule
