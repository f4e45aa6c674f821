import { wait } from '../../live/clock.js'
import type { Rig } from '../../rig.js'
import { patience } from '../patience.js'
import type { Asked, Bench, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw, listed, times } from '../telling.js'
import { endedOrAgain, faultOf, giveUp, retriedTrouble } from '../trouble.js'

/** Who waits longer than that between two attempts is not waited for: as many as there were then are compared. */
const QUIET_MS = 20_000
const AT_ONCE = 3
/** Nor for more attempts. */
const MOST = 8

/** Good calls before the count is taken again: some budgets are full after one, most earn a tenth of a retry with each. */
const GOOD = [1, 100]
/** Of a program that is asked for one call at a time. */
const GOOD_ONE_BY_ONE = [1, 4]
const GOOD_AT_ONCE = 10
/** Other budgets fill with time. */
const REFILL_REAL_MS = 3000

interface Made {
  count: number
  /** Whether it is done, or was not waited for any longer. */
  answered: boolean
}

/** A budget for retries that fills again is what the rule `amplification` wants (AWS SDKs, gRPC's retryThrottling). */
export const same_attempts_as_asked = {
  summary: 'Each call that fails makes as many attempts as the one before, or does so again once calls have gone well',
  why: 'Where calls share a count that nothing resets, the first use up what was meant for all, and later ones fail at the first trouble.',
  async check(bench) {
    const trouble = await retriedTrouble(bench)
    if ('verdict' in trouble) return trouble
    const lab = await bench.rig({ faults: [faultOf('always', trouble)] })
    const evidence: string[] = []
    const made: Made[] = []
    const many = bench.subject.lacks.many === undefined
    for (const atOnce of [1, 1, many ? AT_ONCE : 1]) made.push(...(await failing(bench, lab, atOnce, evidence)))
    const unclear = unclearIn(made)
    if (unclear) return inconclusive(unclear, evidence)
    const counts = compared(made)
    if (counts.every((count) => count === counts[0])) {
      const limit = made.every(({ answered }) => answered) ? '' : ', as far as they were waited for'
      return pass(`each of ${times(made.length, 'call')} made ${times(counts[0]!, 'attempt')}${limit}`, evidence)
    }
    const told = `calls made ${listed(made.map(({ count }) => `${count}`))} attempts`
    if (counts.some((count) => count > counts[0]!)) return fail(told, evidence)
    let good = 0
    for (const more of many ? GOOD : GOOD_ONE_BY_ONE) {
      await goWell(bench, lab, more)
      good += more
      evidence.push(`${times(good, 'call')} that went well`)
      made.push(...(await failing(bench, lab, 1, evidence)))
      const lost = unclearIn(made)
      if (lost) return inconclusive(lost, evidence)
      const [now, ...before] = compared(made).reverse()
      const again = `after ${times(good, 'call')} that went well`
      if (now! >= Math.max(...before)) return pass(`${told}, and ${again} as many as at first`, evidence)
    }
    return fail(`${told}, and no more than ${made.at(-1)!.count} after ${times(good, 'call')} that went well`, evidence)
  },
} as const satisfies Rule

/** So many calls at once that fail each time. */
async function failing(bench: Bench, lab: Rig, atOnce: number, evidence: string[]): Promise<Made[]> {
  const calls = await asks(bench, lab, atOnce)
  const answers = await Promise.all(calls.map((asked) => endedOrAgain(bench, lab, asked, QUIET_MS, MOST)))
  return calls.map((asked, n) => {
    const count = bench.attempts(lab, asked).length
    evidence.push(`${times(count, 'attempt')}${atOnce > 1 ? ' beside others' : ''}, ${callerSaw(answers[n])}`)
    giveUp(bench, asked)
    return { count, answered: answers[n] !== undefined }
  })
}

const asks = (bench: Bench, lab: Rig, count: number): Promise<Asked[]> =>
  Promise.all(Array.from({ length: count }, () => bench.ask(lab)))

/** At the same server, which is well for so long. */
async function goWell(bench: Bench, lab: Rig, calls: number): Promise<void> {
  const atOnce = bench.subject.lacks.many === undefined ? GOOD_AT_ONCE : 1
  await lab.fault('always').disarm()
  await wait(REFILL_REAL_MS)
  for (let left = calls; left > 0; left -= atOnce) {
    const some = await asks(bench, lab, Math.min(left, atOnce))
    await Promise.all(some.map((asked) => asked.settled(patience(bench, QUIET_MS))))
  }
  await lab.fault('always').arm()
}

function unclearIn(made: readonly Made[]): string | undefined {
  if (made.some(({ count }) => count === 0)) return 'a call did not reach the server'
  if (made.every(({ count, answered }) => answered || count > 1)) return undefined
  return 'behind the first attempt of a call neither a second one nor an answer came while it was waited for'
}

/** How many attempts a call makes that has no answer nobody knows: all are compared up to the fewest of those. */
function compared(made: readonly Made[]): number[] {
  const fewest = Math.min(...made.flatMap(({ count, answered }) => (answered ? [] : [count])))
  return made.map(({ count }) => Math.min(count, fewest))
}
