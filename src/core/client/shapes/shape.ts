/** What every load shape makes of itself: pieces in which the rate changes evenly. arrivals.ts turns them into times. */

/** From one rate to another within a time. */
export interface Piece {
  lasts_ms: number
  /** Per second, at its begin and at its end. */
  from: number
  to: number
}

export const steady = (ratePerSecond: number, lasts_ms: number): Piece => ({
  lasts_ms,
  from: ratePerSecond,
  to: ratePerSecond,
})
