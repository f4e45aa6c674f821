import { formatMs } from '../../lib/units.js'
import { monotonicMs, wait } from '../../live/clock.js'
import { patience } from '../patience.js'
import type { Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { callerSaw } from '../telling.js'
import { answers, faultOf, giveUp, retriedTrouble, type Trouble, untilSeen } from '../trouble.js'
import { delaysSeen, delaysSince, type Usual, usualDelays } from '../waits.js'

/** A wait that is shorter in real time is over before an abort can be heard in it. */
const SHORTEST_WAIT_REAL_MS = 12

/** What the client takes to begin its wait, where it can't tell that it has. */
const SETTLED_IN_REAL_MS = 3
/** It does not wait, or by no clock that we know. */
const BEGUN_LIMIT_REAL_MS = 500

/** Waits that grow are long enough after some. */
const MOST_WAITS = 9

/** A busy machine may be late; who is in time once has heard it. */
const TRIES = 3
/** Where waits are drawn, one of them may be too short to tell. */
const DRAWS = 8

/**
 * It asks for a long wait, where the client heeds that; else it is aborted in the longest of the waits that its own
 * backoff makes. How long that is, a call that is not aborted tells.
 */
export const abort_during_wait = {
  summary:
    'A caller who aborts while the client waits for its next attempt has its answer at once, and nothing is sent',
  why: 'A wait that does not hear the abort keeps the caller, its timers and its memory, and then sends a request for nobody.',
  needs: ['abort'],
  async check(bench) {
    // Before anything waits, or what is asked for behind it would be usual.
    const usual = await usualDelays(bench, await bench.rig({ faults: [] }), '/')
    const trouble = await retriedTrouble(bench)
    if ('verdict' in trouble) return trouble
    const waits = await longestWait(bench, trouble)
    if (!waits) {
      return inconclusive(`none of its waits is longer than ${SHORTEST_WAIT_REAL_MS} ms in real time: nothing to abort`)
    }
    let finding = inconclusive('not tried')
    for (let draws = 0, told = 0; draws < DRAWS && told < TRIES; draws++) {
      const next = await abortedIn(bench, trouble, waits, usual)
      if (next.verdict === 'pass') return next
      if (next.verdict === 'fail') told++
      if (next.verdict === 'fail' || finding.verdict !== 'fail') finding = next
    }
    return finding
  },
} as const satisfies Rule

interface Wait {
  /** Behind so many attempts. */
  behind: number
  ms: number
}

/** Who heeds that waits for half a minute. */
const asking = (trouble: Trouble, { effect } = trouble): Trouble =>
  typeof effect === 'object' && effect.type === 'respond' ? answers(effect.status ?? 200, RETRY_AFTER) : trouble
const RETRY_AFTER = { headers: { 'Retry-After': '30' } }

const always = (bench: Bench, trouble: Trouble) => bench.rig({ faults: [faultOf('always', asking(trouble))] })

/** The longest of its first waits; undefined where all are short. */
async function longestWait(bench: Bench, trouble: Trouble): Promise<Wait | undefined> {
  const lab = await always(bench, trouble)
  const asked = await bench.ask(lab)
  const shortest = SHORTEST_WAIT_REAL_MS * bench.subject.timeScale
  let longest: Wait = { behind: 0, ms: 0 }
  for (let n = 1; n <= MOST_WAITS; n++) {
    if (!(await untilSeen(bench, lab, asked, n + 1))) break
    const ms = bench.attempts(lab, asked)[n]!.gap_ms!
    if (ms > longest.ms) longest = { behind: n, ms }
    if (ms > 4 * shortest) break
  }
  giveUp(bench, asked)
  return longest.ms > shortest ? longest : undefined
}

/** @param waits whether it says that it waits */
async function begun(bench: Bench, waits: () => Promise<boolean>): Promise<void> {
  if ((await bench.client()).delays() === undefined) return wait(SETTLED_IN_REAL_MS)
  const since = monotonicMs()
  while (!(await waits()) && monotonicMs() - since < BEGUN_LIMIT_REAL_MS) await wait(1)
}

async function abortedIn(
  bench: Bench,
  trouble: Trouble,
  { behind, ms: usually }: Wait,
  usual: Usual,
): Promise<Finding> {
  const { timeScale } = bench.subject
  const lab = await always(bench, trouble)
  const delays = await delaysSeen(bench)
  const asked = await bench.ask(lab)
  if (!(await untilSeen(bench, lab, asked, behind))) return inconclusive('it made fewer attempts than before')
  await begun(bench, async () => ((await delaysSince(bench, delays, usual)) ?? []).length >= behind)
  const before = bench.attempts(lab, asked).length
  if (before > behind) return inconclusive('it had ended its wait before its caller could abort')
  const since = monotonicMs()
  let told = Number.POSITIVE_INFINITY
  void asked.answer.then(() => {
    told = monotonicMs()
  })
  asked.abort()
  const answer = await asked.settled(patience(bench, 2 * usually + 5000))
  // A wait that was drawn is not as long as the one before; and an abort may come before it has begun.
  const waits = await delaysSince(bench, delays, usual)
  const ms = waits === undefined ? usually : waits[behind - 1]
  if (ms === undefined) return inconclusive('its caller aborted before it had begun to wait')
  if (ms < SHORTEST_WAIT_REAL_MS * timeScale)
    return inconclusive(`its wait was of ${formatMs(ms)} this time: too short to tell`)
  const took = (told - since) * timeScale
  // The wait that it was aborted in is over by then, and half as much.
  await wait(Math.max(0, since + (1.5 * ms) / timeScale - monotonicMs()))
  const attempts = bench.attempts(lab, asked)
  const evidence = [
    ...bench.told(attempts),
    `aborted behind attempt ${before}, in a wait of about ${formatMs(ms)}: ${callerSaw(answer)}`,
  ]
  if (attempts.length > before) return fail(`aborted in its wait, it sent the request again`, evidence)
  if (!answer) return fail('aborted in its wait, it did not tell its caller', evidence)
  if (took > ms / 2) return lateness(took, ms, evidence)
  return pass('aborted in its wait, it told its caller before the wait was over, and sent nothing more', evidence)
}

function lateness(took: number, ms: number, evidence: string[]): Finding {
  const told = `aborted in a wait of about ${formatMs(ms)}, it told its caller ${formatMs(took)} later`
  return took > 0.8 * ms ? fail(told, evidence) : inconclusive(told, evidence)
}
