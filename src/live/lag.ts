/**
 * How late the timers of this thread ring: what a busy machine does to every duration that is measured in it. load.ts and
 * thread.ts watch a whole load; the journal gets the worst of it, and a scenario may say how much it bears.
 */
import { Latency } from '../journal/latency.js'
import { monotonicMs, startTimer, stopTimer } from './clock.js'

const EVERY_MS = 5
/** About as many turns of the loop a request takes on its way through hops of one process, and each may be late. */
const IN_A_ROW = 4

export interface LagWatch {
  /** Ends it. */
  stop(): Lag
}

/** In milliseconds. */
export interface Lag {
  /** The longest that four timers in a row were late together. */
  maxMs: number
  /** 99th percentile, of one that is due every 5 ms, whether the loop was busy then or not. */
  p99Ms: number
}

export function watchLag(): LagWatch {
  const late = new Latency()
  let [due, maxMs] = [0, 0]
  let last: number[] = []
  const ring = (): void => {
    let ms = Math.max(0, monotonicMs() - due)
    last = [...last.slice(1 - IN_A_ROW), ms]
    maxMs = Math.max(
      maxMs,
      last.reduce((sum, one) => sum + one),
    )
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
      return { maxMs, p99Ms: late.percentileMs(99) }
    },
  }
}
