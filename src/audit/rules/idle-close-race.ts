import type { Answer } from '../../clients/driver.js'
import type { Rig } from '../../rig.js'
import { patience } from '../patience.js'
import type { Asked, Finding, Rule } from '../rule.js'
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
    if (!hasFired(lab, 'crossed')) return uncrossed(lab, evidence)
    if (!isGood(answer)) return fail(`it did not try again: its caller has ${outcomeOf(answer)}`, evidence)
    if (bench.attempts(lab, calls.at(-1)).length < 2) {
      return inconclusive('its request was not sent again, and yet its caller has an answer', evidence)
    }
    return pass('the kept connection was closed under its request, and it sent that again on a new one', evidence)
  },
} as const satisfies Rule

/** No connection had a second request. */
function uncrossed(lab: Rig, evidence: string[]): Finding {
  const attempts = lab.attempts()
  if (attempts.length === 0) return inconclusive('no request reached the server', evidence)
  if (attempts.length === 1) return inconclusive('only one request reached the server', evidence)
  const connections = new Set(attempts.map(({ connection }) => connection)).size
  if (connections < attempts.length) return inconclusive('no request met the close of its connection', evidence)
  return notApplicable(`it opens a new connection for each call: ${connections} for ${attempts.length} requests`)
}
