import { formatMs } from '../../lib/units.js'
import { monotonicMs, wait } from '../../live/clock.js'
import type { Rig } from '../../rig.js'
import { realMs } from '../patience.js'
import type { Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw, isGood, times } from '../telling.js'
import { ended, giveUp } from '../trouble.js'

const OUTAGE_MS = 5000
const OUTAGE_REAL_MS = 1500
const DURING = 3

/** A breaker may be open for half a minute after that. In real time a rule has two minutes. */
const LONGEST_MS = 65_000
const APART_MS = 5000

export const recovers = {
  summary: 'Once a server that refused connections is back, calls succeed again',
  why: 'A pool or a breaker that never forgets makes a short outage of the server a long one of the client.',
  async check(bench) {
    // Nobody sees a request that is refused: of a client that sends none, none would be missed.
    const well = await bench.rig({ faults: [] })
    await ended(bench, well, await bench.ask(well), 30_000)
    if (well.attempts().length === 0) return inconclusive('no request reached the server when it was there')
    const lab = await bench.rig({ faults: [{ id: 'gone', at: 'connect', effect: 'refuse' }] })
    const { ms, good } = await outage(bench, lab)
    if (good > 0) return inconclusive(`${times(good, 'call')} had an answer while nobody listened`)
    return comeback(bench, lab, `after an outage of ${formatMs(ms)}`)
  },
} as const satisfies Rule

/** Over when it resolves: how long it was, and how many calls had succeeded by then. */
async function outage(bench: Bench, lab: Rig): Promise<{ ms: number; good: number }> {
  const { timeScale } = bench.subject
  const since = monotonicMs()
  let good = 0
  for (let n = 0; n < DURING; n++) {
    const asked = await bench.ask(lab)
    void asked.answer.then((answer) => isGood(answer) && good++)
    await wait((timeScale < 10 ? OUTAGE_REAL_MS : OUTAGE_MS / timeScale) / DURING)
  }
  const over = { ms: realMs(bench, monotonicMs() - since), good }
  await lab.fault('gone').disarm()
  return over
}

/** @param told the outage before it */
async function comeback(bench: Bench, lab: Rig, told: string): Promise<Finding> {
  const since = monotonicMs()
  const sinceThen = (): number => realMs(bench, monotonicMs() - since)
  for (let n = 1; ; n++) {
    const asked = await bench.ask(lab, { path: '/back' })
    const answer = await ended(bench, lab, asked, 30_000)
    const attempts = bench.attempts(lab, asked)
    const evidence = [...bench.told(attempts), callerSaw(answer)]
    if (isGood(answer)) {
      if (attempts.length === 0) return inconclusive('its caller has an answer that no server was asked for', evidence)
      const which = n === 1 ? 'the first call' : `call ${n}, ${formatMs(sinceThen())} later,`
      return pass(`${told} ${which} succeeded`, evidence)
    }
    giveUp(bench, asked)
    if (sinceThen() > LONGEST_MS) {
      const reached = lab.attempts({ path: '/back' }).length
      if (reached > 0) return inconclusive('the server was back, but did not answer as it should', evidence)
      return fail(
        `the server is back, and none of ${times(n, 'call')} in ${formatMs(sinceThen())} reached it`,
        evidence,
      )
    }
    await wait(APART_MS / bench.subject.timeScale)
  }
}
