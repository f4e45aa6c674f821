/** When an open load means to send: intended times, whatever becomes of the requests before. */
import type { Draw } from '../../lib/random.js'

export const arrivalKinds = ['constant', 'poisson'] as const
export type ArrivalKind = (typeof arrivalKinds)[number]

/** Intended send times in milliseconds from the load's start, ascending, all below `forMs`. */
export function* arrivals(kind: ArrivalKind, ratePerSecond: number, forMs: number, draw: Draw): Generator<number> {
  const meanMs = 1000 / ratePerSecond
  if (kind === 'constant') {
    for (let n = 0; n * meanMs < forMs; n++) yield n * meanMs
    return
  }
  for (let at = -Math.log(1 - draw()) * meanMs; at < forMs; at -= Math.log(1 - draw()) * meanMs) yield at
}
