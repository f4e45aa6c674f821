/**
 * How late the timers of this thread ring: what a busy machine does to every duration that is measured in it. load.ts and
 * thread.ts watch a whole load; the journal gets the worst of it, and a scenario may say how much it bears.
 */
import { Latency } from '../journal/latency.js'
import { monotonicMs, startTimer, stopTimer } from './clock.js'

const EVERY_MS = 5

export interface LagWatch {
  /** Ends it. */
  stop(): Lag
}

/** In milliseconds. */
export interface Lag {
  /** The longest that a timer was late. */
  maxMs: number
  /** 99th percentile, of one that is due every 5 ms, whether the loop was busy then or not. */
  p99Ms: number
}

export function watchLag(): LagWatch {
  const late = new Latency()
  let due = 0
  const ring = (): void => {
    let ms = Math.max(0, monotonicMs() - due)
    late.record(ms)
    // Those that would have been due since were late as well, each by a little less.
    for (ms -= EVERY_MS; ms > 0; ms -= EVERY_MS) late.record(ms)
  }
  const next = () => {
    due = monotonicMs() + EVERY_MS
    return startTimer(EVERY_MS, () => {
      ring()
      timer = next()
    })
  }
  let timer = next()
  return {
    stop() {
      stopTimer(timer)
      if (monotonicMs() > due) ring()
      return { maxMs: late.percentileMs(100), p99Ms: late.percentileMs(99) }
    },
  }
}
