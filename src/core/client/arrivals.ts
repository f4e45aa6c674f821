/** When an open load means to send: intended times, whatever becomes of the requests before. */
import type { Draw } from '../../lib/random.js'

export const arrivalKinds = ['constant', 'poisson'] as const
export type ArrivalKind = (typeof arrivalKinds)[number]

/** Intended send times in milliseconds from the load's start, ascending, all below `forMs`. */
export function* arrivals(kind: ArrivalKind, ratePerSecond: number, forMs: number, draw: Draw): Generator<number> {
  if (kind === 'constant') {
    // A multiple of a rounded interval may fall just short of the end, and would be one request too many.
    const count = Math.ceil((forMs * ratePerSecond) / 1000 - 1e-9)
    for (let n = 0; n < count; n++) yield (n * 1000) / ratePerSecond
    return
  }
  const gapMs = () => (-Math.log(1 - draw()) * 1000) / ratePerSecond
  for (let at = gapMs(); at < forMs; at += gapMs()) yield at
}
