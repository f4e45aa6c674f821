import { formatMs } from '../../lib/units.js'
import { patience } from '../patience.js'
import type { Asked, Bench, Finding, Rule } from '../rule.js'
import { fail, inconclusive, pass } from '../rule.js'
import { faultOf, giveUp, retriedTrouble, type Trouble } from '../trouble.js'
import { delaysSeen, NO_WAIT_MS, type Usual, usualDelays, type Waits, waitsOf } from '../waits.js'

/**
 * As many calls as tell how a thousand are spread; more at once would wait for each other in one process. A client with
 * a budget for retries makes some twenty in all.
 */
const CLIENTS = 200
const AT_ONCE = 10
/** Who draws its wait draws next to none now and then, but hardly each time. */
const TRIES = 3
/** In real time; and with fewer nobody can tell. */
const FEW = 10

/** Half of them in a tenth of the usual wait is a herd. Full jitter has a twentieth there, equal jitter a seventh. */
const WINDOW = 0.1
const HERD = 0.5

/** "Exponential Backoff And Jitter", Marc Brooker, AWS Architecture Blog 2015. */
export const spreads_retries = {
  summary: 'A thousand clients that fail at the same moment do not come back at the same moment',
  why: 'A server that is restarted is met by all of them at once, and once more after each wait that all have in common.',
  alone: true,
  async check(bench) {
    const trouble = await retriedTrouble(bench)
    if ('verdict' in trouble) return trouble
    const usual = await usualDelays(bench, await bench.rig({ faults: [] }), '/')
    let alone = await some(bench, trouble, usual, 1)
    for (let n = 1; n < TRIES && isNone(alone); n++) alone = await some(bench, trouble, usual, 1)
    if (isNone(alone)) {
      return fail('it comes back at once, without a wait: a thousand of them do so at the same moment')
    }
    return judgeWaits(
      bench.subject.timeScale > 1 ? await crowd(bench, trouble, usual) : await few(bench, trouble, usual),
    )
  },
} as const satisfies Rule

const isNone = ({ ms, exact }: Waits): boolean => exact && ms.some((one) => one < NO_WAIT_MS)

/** Of those calls of which it is known how long each was meant to wait. */
async function crowd(bench: Bench, trouble: Trouble, usual: Usual): Promise<number[]> {
  const all: number[] = []
  for (let asked = 0; asked < CLIENTS; asked += AT_ONCE) {
    const { ms, exact } = await some(bench, trouble, usual, bench.subject.lacks.many === undefined ? AT_ONCE : 1)
    if (exact) all.push(...ms)
  }
  return all
}

/** By the gaps at the server, which tell the time where the client's clock is the real one. */
async function few(bench: Bench, trouble: Trouble, usual: Usual): Promise<number[]> {
  const all: number[] = []
  for (let n = 0; n < FEW; n++) all.push(...(await some(bench, trouble, usual, 1)).ms.slice(0, 1))
  return all
}

/** Calls each of which fails once. */
async function some(bench: Bench, trouble: Trouble, usual: Usual, count: number): Promise<Waits> {
  const lab = await bench.rig({ faults: [faultOf('once', trouble, { per: 'request', first: 1 })] })
  const seen = await delaysSeen(bench)
  const calls: Asked[] = await Promise.all(Array.from({ length: count }, () => bench.ask(lab)))
  const answers = await Promise.all(calls.map((asked) => asked.settled(patience(bench, 60_000))))
  for (const [n, answer] of answers.entries()) if (!answer) giveUp(bench, calls[n]!)
  const waits = await waitsOf(bench, lab, calls, seen, usual)
  await lab.close()
  return waits
}

/** @param waits in ms, before a second attempt each */
export function judgeWaits(waits: readonly number[]): Finding {
  if (waits.length < FEW) return inconclusive(`of only ${waits.length} further attempts it is known how long it waited`)
  const ordered = [...waits].sort((a, b) => a - b)
  const at = (share: number): number => ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))]!
  const quarters = [0, 0.25, 0.5, 0.75, 1].map((share) => formatMs(at(share)))
  const evidence = [`${waits.length} waits before a second attempt, in quarters: ${quarters.join(', ')}`]
  const share = busiestShare(ordered, WINDOW * at(0.5))
  const window = `a window of ${formatMs(WINDOW * at(0.5))}, their usual wait being ${formatMs(at(0.5))}`
  const told = `${Math.round(100 * share)} % of ${waits.length} second attempts came within ${window}: ${Math.round(1000 * share)} of a thousand`
  if (share <= HERD) return pass(told, evidence)
  if (share <= HERD + chance(waits.length)) return inconclusive(`${told}, which may be chance`, evidence)
  return fail(told, evidence)
}

/** Two standard deviations of a share of one half: of 20 well spread waits, 11 are as close once in six hundred times. */
const chance = (count: number): number => 1 / Math.sqrt(count)

/** The largest share of them that ends within one window of that width. */
function busiestShare(ordered: readonly number[], width: number): number {
  let most = 0
  for (let from = 0, to = 0; to < ordered.length; to++) {
    while (ordered[to]! - ordered[from]! > width) from++
    most = Math.max(most, to - from + 1)
  }
  return most / ordered.length
}
