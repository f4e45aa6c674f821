/**
 * How late the timers of this process ring: what a busy machine does to every duration that is measured in it. load.ts
 * watches a whole load; the journal gets the worst of it, and a scenario may say how much it bears.
 */
import { monotonicMs, startTimer, stopTimer } from './clock.js'

const EVERY_MS = 5

export interface LagWatch {
  /** Ends it. The longest that a timer was late, in milliseconds. */
  stop(): number
}

export function watchLag(): LagWatch {
  let worstMs = 0
  let due = 0
  const look = (): void => {
    worstMs = Math.max(worstMs, monotonicMs() - due)
  }
  const next = () => {
    due = monotonicMs() + EVERY_MS
    return startTimer(EVERY_MS, () => {
      look()
      timer = next()
    })
  }
  let timer = next()
  return {
    stop() {
      stopTimer(timer)
      look()
      return worstMs
    },
  }
}
