/**
 * How late a target is: each exit has a distance of its own, so a response is compared with the quickest of its exit. A
 * target with too much work makes most of what it serves wait; unrelated failures leave the others as quick as ever.
 */
import jstat from 'jstat'
import type { Observation } from '../observation.js'

export interface Lateness {
  /** Responses that took over `times` as long as the quickest through the same exit. */
  share: number
  times: number
  /** How much likelier that share is under overload than otherwise; natural logarithm. */
  log: number
}

const TIMES = 3
/** Beta distributions of the share: responses wait for each other, so their number says little, and is not used. */
const LATE = [3, 2] as const
const USUAL = [1, 12] as const
const CAP = 15

export function latenessOf(observations: readonly Observation[]): Lateness {
  const served = observations.filter(({ ok }) => ok)
  const quickest = new Map<string, number>()
  for (const { exit, ms } of served) quickest.set(exit, Math.min(ms, quickest.get(exit) ?? Number.POSITIVE_INFINITY))
  // Differences below a millisecond are the clock's.
  const late = served.filter(({ exit, ms }) => ms > TIMES * Math.max(1, quickest.get(exit)!))
  const share = served.length === 0 ? 0.5 : late.length / served.length
  const x = Math.min(0.999, Math.max(0.001, share))
  const log = lnBetaDensity(x, LATE) - lnBetaDensity(x, USUAL)
  return { share, times: TIMES, log: Math.max(-CAP, Math.min(CAP, log)) }
}

const lnBetaDensity = (x: number, [a, b]: readonly [number, number]): number =>
  (a - 1) * Math.log(x) + (b - 1) * Math.log(1 - x) - jstat.gammaln(a) - jstat.gammaln(b) + jstat.gammaln(a + b)
