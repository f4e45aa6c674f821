import { formatMs } from '../../lib/units.js'
import { monotonicMs, wait } from '../../live/clock.js'
import type { Rig } from '../../rig.js'
import { realMs } from '../patience.js'
import type { Bench, Rule } from '../rule.js'
import { fail, inconclusive, notApplicable, pass } from '../rule.js'
import { times } from '../telling.js'
import { answers, endedOrAgain, faultOf, giveUp } from '../trouble.js'

/** Enough failures for a breaker that counts to ten. */
const BEFORE = 15
const TOGETHER = 10

/** Breakers stay open for half a minute by default, some for a minute. In real time a rule has two. */
const LONGEST_OPEN_MS = 75_000
const APART_MS = 3000

/** The one that is to find out, and its retries. */
const FEW = 2

export const half_open_probe = {
  summary: 'A circuit breaker that was open lets one call find out whether the server is well, not all that wait',
  why: 'A server that comes back under everything that was held off goes down again at once.',
  needs: ['many'],
  async check(bench) {
    const lab = await bench.rig({ faults: [faultOf('down', answers(503))] })
    const bursts = []
    for (const size of [BEFORE, BEFORE, 1]) bursts.push(await burst(bench, lab, size))
    if (lab.attempts().length === 0) return inconclusive('no request reached the server')
    if (bursts.every(({ heldOff }) => heldOff === 0)) {
      return notApplicable(`it has no breaker: after ${2 * BEFORE} calls that failed it still asks the server`)
    }
    const evidence: string[] = []
    let opened = monotonicMs()
    const openFor = (): number => realMs(bench, monotonicMs() - opened)
    while (openFor() < LONGEST_OPEN_MS) {
      await wait(APART_MS / bench.subject.timeScale)
      const { reached, first, settled } = await burst(bench, lab, TOGETHER)
      evidence.push(`${TOGETHER} calls at once: ${reached} reached the server`)
      if (!settled) return inconclusive('calls that its breaker held off did not end', evidence)
      if (reached > FEW) return fail(`its breaker let ${reached} of ${TOGETHER} calls find out at once`, evidence)
      if (first) return pass(`its breaker let ${times(reached, 'call')} of ${TOGETHER} find out`, evidence)
      // It was still open when the first was asked, and how many of them all it lets find out nobody knows.
      if (reached > 0) opened = monotonicMs()
    }
    return inconclusive(`its breaker was still open after ${formatMs(openFor())}`, evidence)
  },
} as const satisfies Rule

interface Burst {
  /** How many the server saw. */
  reached: number
  /** Whether it saw the one that was asked first. */
  first: boolean
  heldOff: number
  settled: boolean
}

/** So many calls at once. */
async function burst(bench: Bench, lab: Rig, size: number): Promise<Burst> {
  const calls = await Promise.all(Array.from({ length: size }, () => bench.ask(lab)))
  const answers = await Promise.all(calls.map((asked) => endedOrAgain(bench, lab, asked, 5000, FEW + 1)))
  for (const [n, answer] of answers.entries()) if (!answer) giveUp(bench, calls[n]!)
  const came = calls.map((asked) => bench.attempts(lab, asked).length > 0)
  const reached = came.filter(Boolean).length
  const settled = answers.every((answer, n) => answer !== undefined || came[n])
  return { reached, first: came[0]!, heldOff: size - reached, settled }
}
