/**
 * What a pacer is: it says when a request may begin, before its first attempt. The client's load asks it, one for each
 * client instance; the kinds beside it know neither clocks nor chance, times and draws are arguments.
 */
import type { Ended } from '../bearing.js'

export type Pace =
  | { go: true }
  /** Ask again in so many milliseconds; where that is absent, when a request has ended. */
  | { go: false; again_ms?: number }

export interface Pacer {
  /** Changes nothing. */
  ask(nowMs: number): Pace
  /** A request went, which `ask` had let go. @param draw in [0, 1), for gaps that are drawn */
  began(nowMs: number, draw: number): void
  /** An attempt of any request ended, the last one of it too: what the pace is adapted to. */
  heard(heard: Heard): void
  /** A request that began is over, with all its attempts. */
  ended(nowMs: number): void
}

export interface Heard extends Ended {
  readonly now_ms: number
  /** What the outcome's Retry-After asks for, from now; the caller has read it, who knows the date. */
  readonly retry_after_ms?: number | undefined
}
