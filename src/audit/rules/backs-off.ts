import type { Subject } from '../../clients/driver.js'
import { meanOf } from '../../lib/statistics.js'
import { formatMs } from '../../lib/units.js'
import { wait } from '../../live/clock.js'
import type { Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { listed } from '../telling.js'
import { faultOf, giveUp, retriedTrouble, type Trouble, untilSeen } from '../trouble.js'
import { delaysSeen, NO_WAIT_MS, type Usual, usualDelays, type Waits, waitsOf } from '../waits.js'

/** Attempts that are waited for; more of them would wait for minutes. Who makes more meanwhile is judged by these. */
const ATTEMPTS = 4
/** Where waits are drawn by chance, only many tell how they are on average. */
const CALLS = 24
const CALLS_IN_REAL_TIME = 6
/** Between no growth and twice as long, which is the least that is usual. */
const GROWS = 1.4
/** In real time. */
const LAST_WORD_MS = 50
/** A gap at the server, in real time: shorter than any wait. */
const AT_ONCE_MS = 1
/** The busiest machine does not lengthen so many gaps, and the luckiest draws do not shorten as many. */
const OFTEN = 1 / 3
/** Two calls that differ by less drew little or nothing. */
const ALIKE = 0.25

export const backs_off = {
  summary: 'There is a wait before each further attempt, and it grows',
  why: 'What failed a moment ago fails again at once. A server that struggles needs time, and more of it the longer it takes.',
  async check(bench) {
    const trouble = await retriedTrouble(bench)
    if ('verdict' in trouble) return trouble
    const usual = await usualDelays(bench, await bench.rig({ faults: [] }), '/')
    const calls: Waits[] = []
    const most = bench.subject.timeScale < 10 ? CALLS_IN_REAL_TIME : CALLS
    while (calls.length < most && !(calls.length === 2 && areAlike(calls))) {
      const waits = await waitsOfOne(bench, trouble, usual)
      if (waits.ms.length > 0) calls.push(waits)
      else if (calls.length === 0) return inconclusive('it tried again before, and not now')
      else break
    }
    return judged(bench.subject, calls)
  },
} as const satisfies Rule

function areAlike([a, b]: readonly Waits[]): boolean {
  if (a!.ms.length !== b!.ms.length) return false
  return a!.ms.every((ms, n) => Math.abs(ms - b!.ms[n]!) <= ALIKE * Math.max(ms, b!.ms[n]!))
}

/** What so many calls say of a client on a clock that is so many times as fast. */
export function judged({ timeScale }: Pick<Subject, 'timeScale'>, all: readonly Waits[]): Finding {
  // One call with more of them than all others would be the only one to tell whether they grow: that may be chance.
  const calls = all.map((waits) => ({ ...waits, ms: waits.ms.slice(0, ATTEMPTS - 1) }))
  const exact = calls.every((waits) => waits.exact)
  const most = Math.max(...calls.map(({ ms }) => ms.length))
  const full = calls.filter(({ ms }) => ms.length === most)
  const means = Array.from({ length: most }, (_, n) => meanOf(full.map(({ ms }) => ms[n]!)))
  const how = exact ? 'waits that it asked for' : 'gaps at the server'
  const evidence = calls.slice(0, 6).map(({ ms }, n) => `call ${n + 1}, ${how}: ${listed(ms.map(formatMs))}`)
  // Without its own word a gap on a fast clock holds milliseconds of the machine.
  const none = exact ? NO_WAIT_MS : NO_WAIT_MS * timeScale
  const average = full.length > 2 ? ' on average' : ''
  const told = `its waits were ${listed(means.map(formatMs))}${average}`
  if (means.some((mean) => mean < none)) return fail(`it tried again without a wait: ${told}`, evidence)
  if (!exact) {
    const atOnce = mostAtOnce(calls, AT_ONCE_MS * timeScale)
    if (atOnce >= Math.max(2, OFTEN * calls.length))
      return fail(`it tried again without a wait in ${atOnce} of ${calls.length} calls`, evidence)
  }
  if (most === 1) return pass(`it waited ${formatMs(means[0]!)}${average} before the one further attempt`, evidence)
  return means.at(-1)! > GROWS * means[0]! ? pass(told, evidence) : fail(`${told}: they do not grow`, evidence)
}

/** Of the first waits, the second ones and so on: how many of one kind were shorter. */
function mostAtOnce(calls: readonly Waits[], limitMs: number): number {
  const most = Math.max(...calls.map(({ ms }) => ms.length))
  const counts = Array.from({ length: most }, (_, n) => calls.filter(({ ms }) => (ms[n] ?? limitMs) < limitMs).length)
  return Math.max(...counts)
}

async function waitsOfOne(bench: Bench, trouble: Trouble, usual: Usual) {
  const lab = await bench.rig({ faults: [faultOf('always', trouble)] })
  const seen = await delaysSeen(bench)
  const asked = await bench.ask(lab)
  const all = await untilSeen(bench, lab, asked, ATTEMPTS)
  giveUp(bench, asked)
  // What it asks for behind its last attempt is told a moment later.
  if (all) await Promise.race([asked.answer, wait(Math.max(LAST_WORD_MS, 1000 / bench.subject.timeScale))])
  const waits = await waitsOf(bench, lab, [asked], seen, usual)
  // Who does not hear an abort goes on.
  await lab.close()
  return waits
}
