/** A pace of gaps between the beginnings of requests: what the pacers by rate share. */
import { rate } from '../../../lib/quantity.js'
import type { Pace } from './pacing.js'

/** A rate at which something happens at all. */
export const pace = () => rate().refine((perSecond) => perSecond > 0, 'expected more than 0')

export interface Gaps {
  ask(nowMs: number): Pace
  /** One began, and the next comes so much later. */
  began(nowMs: number, gapMs: number): void
  /** None before then. */
  notBefore(atMs: number): void
}

export function createGaps(): Gaps {
  let nextMs = Number.NEGATIVE_INFINITY
  return {
    ask: (nowMs) => (nowMs >= nextMs ? { go: true } : { go: false, again_ms: nextMs - nowMs }),
    began(nowMs, gapMs) {
      // Up to half a gap late, it was the timer: that does not slow the pace down, and two never come together.
      const lateMs = nowMs - nextMs
      nextMs = (lateMs <= gapMs / 2 ? nextMs : nowMs) + gapMs
    },
    notBefore(atMs) {
      nextMs = Math.max(nextMs, atMs)
    },
  }
}
