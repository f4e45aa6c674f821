import { formatMs } from '../../lib/units.js'
import { patience } from '../patience.js'
import type { Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw, times } from '../telling.js'
import { faultOf, giveUp, retriedTrouble } from '../trouble.js'

/** Two libraries, one around the other, make 33 by default, and there are people who ask for more. */
const MOST = 100

/** Of those, the last wait of ten with a factor of two that begin with a second, drawn up to twice as long. */
const LONGEST_WAIT_MS = 1_100_000

export const bounded = {
  summary: 'Where nothing helps, attempts have an end, and the caller is told',
  why: 'Without an end every call that fails lives on, and a server that is down meets all of them for as long as it is.',
  async check(bench) {
    const trouble = await retriedTrouble(bench)
    if ('verdict' in trouble) return trouble
    const lab = await bench.rig({ faults: [faultOf('always', trouble)] })
    const asked = await bench.ask(lab)
    const count = (): number => bench.attempts(lab, asked).length
    await Promise.race([asked.settled(patience(bench, LONGEST_WAIT_MS)), lab.until(() => count() >= MOST)])
    const seen = bench.attempts(lab, asked)
    const answer = await Promise.race([asked.answer, Promise.resolve(undefined)])
    giveUp(bench, asked)
    const evidence = [...bench.told(seen.slice(0, MOST)), callerSaw(answer)]
    if (answer) {
      return pass(
        `after ${times(seen.length, 'attempt')} in ${formatMs(answer.ms)} it gave up and told its caller`,
        evidence,
      )
    }
    if (seen.length >= MOST) return fail(`after ${times(seen.length, 'attempt')} it was still at it`, evidence)
    return inconclusive(
      `after ${times(seen.length, 'attempt')} it was still waiting, longer than the audit does`,
      evidence,
    )
  },
} as const satisfies Rule
