import { formatMs } from '../../lib/units.js'
import { monotonicMs, wait } from '../../live/clock.js'
import { patience, realMs } from '../patience.js'
import type { Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw, times } from '../telling.js'
import { untilSeen } from '../trouble.js'

/** A client that does not hear it waits for the server, which says nothing for ever. */
const LONG_MS = 120_000

/** Who needs more did not do it at once; a busy machine may be as late, but not always. */
const LATE_MS = 10_000
const LATE_REAL_MS = 500
const TRIES = 3

/** In real time: for what was on its way when the caller gave up. */
const GRACE_MS = 100

export const abort_in_flight = {
  summary: 'A caller who aborts while an attempt is under way has its answer at once, and nothing is sent again',
  why: 'An abort is no failure: who tries again after it works for a caller who has gone.',
  needs: ['abort'],
  async check(bench) {
    let finding = inconclusive('not tried')
    for (let n = 0; n < TRIES; n++) {
      const { late, ...found } = await abortedOnce(bench)
      finding = found
      if (!late) break
    }
    return finding
  },
} as const satisfies Rule

async function abortedOnce(bench: Bench): Promise<Finding & { late?: true }> {
  const lab = await bench.rig({ faults: [{ id: 'silent', at: 'request_head', effect: 'stall' }] })
  const asked = await bench.ask(lab)
  if (!(await untilSeen(bench, lab, asked, 1))) return inconclusive('no request reached the server')
  const before = bench.attempts(lab, asked).length
  if (before > 1) return inconclusive('it had tried again before its caller could abort')
  const since = monotonicMs()
  let told = since
  void asked.answer.then(() => {
    told = monotonicMs()
  })
  asked.abort()
  // Who tries again for ever would never be silent.
  const again = lab.until(() => bench.attempts(lab, asked).length > before)
  const answer = (await Promise.race([asked.settled(patience(bench, LONG_MS)), again])) ?? undefined
  await wait(GRACE_MS)
  const attempts = bench.attempts(lab, asked)
  const evidence = [...bench.told(attempts), callerSaw(answer)]
  const after = attempts.length - before
  if (after > 0) return fail(`aborted in its first attempt, it made ${times(after, 'more attempt')}`, evidence)
  if (!answer) return fail('aborted while the server said nothing, it went on waiting for it', evidence)
  const took = told - since
  if (took > LATE_REAL_MS && realMs(bench, took) > LATE_MS) {
    const told = `aborted while the server said nothing, it told its caller ${formatMs(realMs(bench, took))} later`
    return { ...fail(told, evidence), late: true }
  }
  if (!answer.error) return fail('its caller aborted, and got an answer that nobody had sent', evidence)
  return pass('aborted while the server said nothing, it told its caller, and sent nothing again', evidence)
}
