import { wait } from '../../live/clock.js'
import type { Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw, isGood, times } from '../telling.js'
import { ended, giveUp } from '../trouble.js'

const OUTAGE_MS = 5000
const OUTAGE_REAL_MS = 1500

/** A breaker may be open for half a minute after that. */
const CALLS = 14
const APART_MS = 5000

export const recovers = {
  summary: 'Once a server that refused connections is back, calls succeed again',
  why: 'A pool or a breaker that never forgets makes a short outage of the server a long one of the client.',
  async check(bench) {
    const { timeScale } = bench.subject
    const lab = await bench.rig({ faults: [{ id: 'gone', at: 'connect', effect: 'refuse' }] })
    const during = []
    for (let n = 0; n < 3; n++) {
      during.push(await bench.ask(lab))
      await wait(timeScale < 10 ? OUTAGE_REAL_MS / 3 : OUTAGE_MS / 3 / timeScale)
    }
    await lab.fault('gone').disarm()
    for (let n = 1; n <= CALLS; n++) {
      const asked = await bench.ask(lab, { path: '/back' })
      const answer = await ended(bench, lab, asked, 30_000)
      if (isGood(answer)) {
        const evidence = bench.told(bench.attempts(lab, asked))
        return pass(
          `after an outage of ${OUTAGE_MS / 1000} s, ${n === 1 ? 'the first call' : `call ${n}`} succeeded`,
          evidence,
        )
      }
      giveUp(bench, asked)
      if (n === CALLS) {
        const reached = lab.attempts({ path: '/back' }).length
        if (reached > 0)
          return inconclusive('the server was back, but did not answer as it should', [callerSaw(answer)])
        return fail(`the server is back, and none of ${times(CALLS, 'call')} in a minute reached it`, [
          callerSaw(answer),
        ])
      }
      await wait(Math.min(APART_MS / timeScale, 1000))
    }
    return inconclusive('no call was made')
  },
} as const satisfies Rule
