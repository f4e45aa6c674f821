/**
 * Troubles that clients try again after, and which of them this one does: rules about how it tries again ask for one.
 * What makes a client try again differs, and none of these is right for all.
 */
import type { Answer } from '../clients/driver.js'
import { wait } from '../live/clock.js'
import type { Rig } from '../rig.js'
import { patience } from './patience.js'
import type { Ask, Asked, Bench, BenchFault, Finding } from './rule.js'
import { fail, inconclusive, notApplicable, pass } from './rule.js'
import { callerSaw, isGood, outcomeOf, times } from './telling.js'

/** The moment and the effect of a fault of a scenario. */
export interface Trouble {
  /** After which it tries again: `a 503`. */
  told: string
  at: BenchFault['at']
  effect: BenchFault['effect']
}

export const answers = (status: number, more: object = {}): Trouble => ({
  told: `a ${status}`,
  at: 'request_head',
  effect: { type: 'respond', status, ...more },
})

export const reset: Trouble = { told: 'a reset', at: 'request_head', effect: 'reset' }

export const faultOf = (id: string, { at, effect }: Trouble, more: Partial<BenchFault> = {}): BenchFault => ({
  id,
  at,
  effect,
  ...more,
})

/** For a rig whose hops are told as well. */
export const onApp = (faults: readonly BenchFault[]) => faults.map((fault) => ({ on: 'app', ...fault }))

const PROBES = [answers(503), answers(502), reset]

/** After a second nobody's first attempt is far off; who waits longer does so on a clock that runs fast. */
const PROBE_MS = 30_000

/**
 * The first of a 503, a 502 and a reset after which this client sends such a request again; or what is to be said where it
 * does so after none of them, or where not each of them was met.
 */
export async function retriedTrouble(bench: Bench, ask: Ask = {}): Promise<Trouble | Finding> {
  let fired = 0
  for (const trouble of PROBES) {
    const lab = await bench.rig({ faults: [faultOf('probe', trouble, { first: 1 })] })
    const asked = await bench.ask(lab, ask)
    await ended(bench, lab, asked, PROBE_MS)
    if (bench.attempts(lab, asked).length > 1) return trouble
    if (hasFired(lab, 'probe')) fired++
  }
  if (fired === PROBES.length) return notApplicable('it does not try again: not after a 503, a 502 or a reset')
  if (fired === 0) return inconclusive('no request reached the server')
  return inconclusive(`only ${fired} of ${PROBES.length} requests reached the server, and none was sent again`)
}

/** Whether such a call is tried again after one such trouble, and brings what was asked for. */
export async function triesAgainAfter(
  bench: Bench,
  trouble: Trouble,
  { ask = {}, withinMs = PROBE_MS }: { ask?: Ask; withinMs?: number } = {},
): Promise<Finding> {
  const lab = await bench.rig({ faults: [faultOf('trouble', trouble, { first: 1 })] })
  const asked = await bench.ask(lab, ask)
  const answer = await ended(bench, lab, asked, withinMs)
  const attempts = bench.attempts(lab, asked)
  const evidence = [...bench.told(attempts), callerSaw(answer)]
  if (!hasFired(lab, 'trouble')) return inconclusive('no request reached the server, so nothing went wrong', evidence)
  if (attempts.length < 2) {
    if (answer) return fail(`it did not try again after ${trouble.told}: its caller got ${outcomeOf(answer)}`, evidence)
    return fail(`after ${trouble.told} it neither tried again nor told its caller`, evidence)
  }
  if (!isGood(answer)) {
    const tried = `it tried again after ${trouble.told}, and the server answered 200`
    return fail(`${tried}, but its caller has ${outcomeOf(answer)}`, evidence)
  }
  return pass(
    `it tried again after ${trouble.told}, and had its answer with ${times(attempts.length, 'attempt')}`,
    evidence,
  )
}

export const hasFired = (lab: Rig, fault: string): boolean => (lab.fault(fault).fired ?? 0) > 0

/** Nobody wants to know how it ends any more, where the client can be told so. */
export function giveUp(bench: Bench, asked: Asked): void {
  if (bench.subject.lacks.abort === undefined) asked.abort()
}

/** Until the server has seen so many of its attempts; or the call is over, or nothing comes. False then. */
export async function untilSeen(bench: Bench, lab: Rig, asked: Asked, attempts: number): Promise<boolean> {
  const seen = (): boolean => bench.attempts(lab, asked).length >= attempts
  await Promise.race([lab.until(seen), asked.settled(patience(bench, PROBE_MS))])
  return seen()
}

/** The same, or until it is sent once more: who only wants to know whether it is need not wait for the rest. */
export async function endedOrAgain(bench: Bench, lab: Rig, asked: Asked, withinMs: number, most = 2) {
  const again = lab.until(() => bench.attempts(lab, asked).length >= most)
  return (await Promise.race([ended(bench, lab, asked, withinMs), again])) ?? undefined
}

/** For an answer that is on its way to the caller, in real milliseconds. */
const ON_ITS_WAY_MS = 100

/**
 * How a call ended; undefined where the client did nothing for so long, or made as many attempts as are waited for and
 * goes on.
 */
export async function ended(bench: Bench, lab: Rig, asked: Asked, withinMs: number): Promise<Answer | undefined> {
  const most = (): boolean => bench.attempts(lab, asked).length >= bench.subject.mostAttempts
  const tooMany = lab.until(most).then(() => wait(ON_ITS_WAY_MS))
  const answer = await Promise.race([asked.settled(patience(bench, withinMs)), tooMany])
  return answer ?? undefined
}
