import { patience } from '../patience.js'
import type { Asked, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { faultOf, giveUp, retriedTrouble } from '../trouble.js'

const CALLS = 200
const AT_ONCE = 50

/** A budget of a tenth of the calls, and a reserve for those that fail first: the AWS SDKs begin with fifty retries. */
const MOST = 1.5

/** Site Reliability Engineering (Google, 2016), chapter 21: retries stay below a tenth of a client's requests. */
export const amplification = {
  summary: `In a total outage the client sends at most ${MOST} attempts a call: it has a budget for retries`,
  why: 'A server that is down because of its load is kept down by three attempts in the place of each one.',
  needs: ['many'],
  alone: true,
  async check(bench) {
    const trouble = await retriedTrouble(bench)
    if ('verdict' in trouble) return trouble
    const lab = await bench.rig({ faults: [faultOf('outage', trouble)] })
    let made = 0
    const count = (): number => lab.attempts().length
    const over = (): boolean => count() > MOST * CALLS
    for (; made < CALLS && !over(); made += AT_ONCE) {
      const calls: Asked[] = await Promise.all(Array.from({ length: AT_ONCE }, () => bench.ask(lab)))
      const all = Promise.all(calls.map((asked) => asked.settled(patience(bench, 600_000))))
      await Promise.race([all, lab.until(over)])
      if (over()) for (const asked of calls) giveUp(bench, asked)
    }
    const attempts = count()
    if (attempts === 0) return inconclusive('no request reached the server')
    const told = `${made} calls in a total outage made ${attempts} attempts`
    if (attempts > MOST * CALLS) return fail(`${told}, and were not done yet`)
    return pass(`${told}: ${(attempts / made).toFixed(2)} a call`)
  },
} as const satisfies Rule
