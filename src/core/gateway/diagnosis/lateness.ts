/**
 * How late a target is: each exit has a distance of its own, so a response is compared with the quickest of its exit. A target
 * with too much work makes everybody wait; where something else delays a response now and then, however long, others
 * pass as quickly as ever at the same time. So it is late in a stretch of time when even the quickest quarter is.
 */
import { logGamma } from '../../../lib/statistics.js'
import type { Observation } from '../observation.js'

export interface Lateness {
  /** Stretches in which three of four responses took over `times` as long as the quickest through the same exit. */
  share: number
  times: number
  /** How much likelier that share is under overload than otherwise; natural logarithm. */
  log: number
}

/** Below that a busy machine in between would do, without any work waiting at the target. */
const TIMES = 3.5
const STRETCHES = 20
const FEWEST = 5
/** Beta distributions of the share: stretches follow from each other, so their number says little, and is not used. */
const LATE = [3, 2] as const
const USUAL = [1, 12] as const
const CAP = 15

export function latenessOf(observations: readonly Observation[]): Lateness {
  const served = observations.filter(({ ok }) => ok)
  const quickest = new Map<string, number>()
  for (const { exit, ms } of served) quickest.set(exit, Math.min(ms, quickest.get(exit) ?? Number.POSITIVE_INFINITY))
  // Differences below a millisecond are the clock's.
  const relative = served
    .map(({ exit, ms, t }) => ({ began: t - ms, times: ms / Math.max(1, quickest.get(exit)!) }))
    .sort((a, b) => a.began - b.began || a.times - b.times)
    .map(({ times }) => times)
  const size = Math.max(FEWEST, Math.ceil(relative.length / STRETCHES))
  const stretches = Math.floor(relative.length / size)
  let late = 0
  for (let n = 0; n < stretches; n++) if (quarterOf(relative.slice(n * size, (n + 1) * size)) > TIMES) late++
  const share = stretches === 0 ? 0.5 : late / stretches
  const x = Math.min(0.99, Math.max(0.01, share))
  const log = lnBetaDensity(x, LATE) - lnBetaDensity(x, USUAL)
  return { share, times: TIMES, log: Math.max(-CAP, Math.min(CAP, log)) }
}

/** The first quartile. */
const quarterOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)]!

const lnBetaDensity = (x: number, [a, b]: readonly [number, number]): number =>
  (a - 1) * Math.log(x) + (b - 1) * Math.log(1 - x) - logGamma(a) - logGamma(b) + logGamma(a + b)
