/**
 * Whether there are so few good servers that Envoy takes all of them, and how requests are shared out between priorities
 * (load_balancer_base.cc: isHostSetInPanic, recalculatePerPriorityState, recalculateLoadInTotalPanic). The rules of
 * forwarding ask before they choose; it knows counts only.
 */
import { share } from '../../../lib/quantity.js'

export const panicThresholdSchema = share()
  .prefault('50%')
  .meta({ description: 'With fewer good servers than this, all are used, whatever their health; 0%: never' })

/** One priority: how many servers it has, and how many of them are good. */
export interface Level {
  hosts: number
  available: number
}

export interface Shares {
  /** Of requests, in percent, by priority; all of them are 0 where nothing is available and nothing panics. */
  loads: number[]
  /** By priority: its health is ignored. */
  panics: boolean[]
}

/** A priority takes its whole share as long as so many of its servers, in percent of what they are, are good. */
const OVERPROVISIONING_PERCENT = 140

/** @param threshold from 0 to 1 */
export function sharesOf(levels: readonly Level[], threshold: number): Shares {
  const health = levels.map(({ hosts, available }) =>
    hosts === 0 ? 0 : Math.min(100, Math.floor((OVERPROVISIONING_PERCENT * available) / hosts)),
  )
  const total = Math.min(100, sum(health))
  // As a whole there is enough, however few there are in one priority.
  const panics = levels.map((level) => total < 100 && panicking(level, threshold))
  if (panics.every((panic) => panic)) return { loads: byHosts(levels), panics }
  return { loads: byHealth(health, total), panics }
}

/** Exactly below the threshold. A share is a decimal fraction: 0.3 of ten is three. */
export const panicking = ({ hosts, available }: Level, threshold: number): boolean =>
  threshold > 0 && (hosts === 0 || available < threshold * hosts - 1e-9)

/** The priority of a request: `draw` is in [0, 1). */
export function levelFor(loads: readonly number[], draw: number): number {
  let left = Math.floor(draw * 100)
  for (const [level, load] of loads.entries()) {
    if (left < load) return level
    left -= load
  }
  return 0
}

/** Each takes what its health allows of what those before it have left over. */
function byHealth(health: readonly number[], total: number): number[] {
  if (total === 0) return health.map(() => 0)
  let left = 100
  const loads = health.map((percent) => {
    const load = Math.min(left, Math.floor((percent * 100) / total))
    left -= load
    return load
  })
  return withRest(loads, left, (index) => health[index]! > 0)
}

function byHosts(levels: readonly Level[]): number[] {
  const hosts = sum(levels.map((level) => level.hosts))
  if (hosts === 0) return levels.map((_, index) => (index === 0 ? 100 : 0))
  const loads = levels.map((level) => Math.floor((100 * level.hosts) / hosts))
  return withRest(loads, 100 - sum(loads), (index) => levels[index]!.hosts > 0)
}

/** What rounding leaves goes to the first that can have it. */
function withRest(loads: readonly number[], rest: number, may: (index: number) => boolean): number[] {
  const first = loads.findIndex((_, index) => may(index))
  return loads.map((load, index) => (index === first ? load + rest : load))
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
