import { monotonicMs, wait } from '../../live/clock.js'
import { patience } from '../patience.js'
import type { Asked, Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw, isGood, outcomeOf } from '../telling.js'
import { delaysSeen, delaysSince, type Usual, usualDelays } from '../waits.js'

/** A first wait may be over before the server is back, or all of them, where a clock runs fast on a busy machine. */
const TRIES = 3

/**
 * Nobody sees a SYN that is refused, so the server is back as soon as the client is seen to wait: by the delays that it
 * asks for, or, where those are unknown, by being at it for much longer than a call takes.
 */
export const retries_connection_refused = {
  summary: 'A GET that nobody listened to is sent again',
  why: 'A refused connection has done nothing at all, so to try again is safe; and a restart is over soon.',
  async check(bench) {
    const well = await wellCall(bench)
    if (well.took === undefined) return inconclusive('no request reached the server when it was there')
    let finding: Finding = inconclusive('not tried')
    for (let n = 0; n < TRIES; n++) {
      const { early, ...found } = await refusedOnce(bench, well.usual, well.took)
      finding = found
      if (finding.verdict !== 'inconclusive' && !early) break
    }
    return finding
  },
} as const satisfies Rule

/** What a call looks like when nothing is wrong, and how long it takes in real time. */
async function wellCall(bench: Bench): Promise<{ usual: Usual; took: number | undefined }> {
  const lab = await bench.rig({ faults: [] })
  const usual = await usualDelays(bench, lab, '/')
  const since = monotonicMs()
  await (await bench.ask(lab)).settled(patience(bench, 30_000))
  return { usual, took: lab.attempts().length > 0 ? monotonicMs() - since : undefined }
}

/** Early: its last attempt may have come before the address had turned, but hardly each time. */
async function refusedOnce(bench: Bench, usual: Usual, took: number): Promise<Finding & { early?: true }> {
  const lab = await bench.rig({ faults: [{ id: 'gone', at: 'connect', effect: 'refuse' }] })
  const seen = await delaysSeen(bench)
  const asked = await bench.ask(lab)
  const gaveUp = await goneUntilItWaits(bench, asked, seen, usual, Math.max(20, 10 * took))
  const waited = ((await delaysSince(bench, seen, usual)) ?? []).length > 0
  await lab.fault('gone').disarm()
  const answer = await asked.settled(patience(bench, 60_000))
  const evidence = [...bench.told(bench.attempts(lab, asked)), callerSaw(answer)]
  if (isGood(answer)) return pass('it was refused, tried again, and had its answer when the server was back', evidence)
  if (!answer) return fail('the server was back, and it neither asked again nor told its caller', evidence)
  if (!gaveUp) {
    const told = `it had waited and the server was back, but its caller got ${outcomeOf(answer)}`
    return { ...fail(told, evidence), early: true }
  }
  if (waited) return inconclusive('it waited and tried again, but before the server could be back', evidence)
  return fail('it gave up without waiting when the connection was refused', evidence)
}

/** Until it is seen to wait, or has given up: true then. */
async function goneUntilItWaits(
  bench: Bench,
  asked: Asked,
  seen: number,
  usual: Usual,
  longMs: number,
): Promise<boolean> {
  let settled = false
  void asked.answer.then(() => {
    settled = true
  })
  const since = monotonicMs()
  while (!settled) {
    const delays = await delaysSince(bench, seen, usual)
    if (delays ? delays.length > 0 : monotonicMs() - since > longMs) return false
    if (monotonicMs() - since > 10_000) return false
    await wait(0.5)
  }
  return true
}
