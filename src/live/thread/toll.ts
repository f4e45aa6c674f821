/**
 * What a run costs the thread that its clients run in: how late its loop is, what of its heap stays, and what is left at
 * the end. thread.ts watches each run; what it tells goes into the journal.
 *
 * Of the heap only full collections tell what stays: after the small ones that V8 makes by itself, clients that keep
 * nothing have 10 MB more for every 1000 connections that were reset. V8 makes few full ones, so one is forced where no
 * request can wait for it: when the thread begins, and when a run with enough failures is over.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { JournalEvent, ThreadEvent } from '../../journal/events.js'
import { FEWEST_FAILURES } from '../../journal/metrics/cost.js'
import { afterGrace, roundMs } from '../clock.js'
import { watchLag } from '../lag.js'

export interface Toll {
  /** What clients journal passes here. */
  heard(event: JournalEvent): void
  /** Others use the thread as well: what stays can't be told apart any more. */
  shared(): void
  /** Ends it, when everything is closed and nothing of ours waits for a timer. */
  stop(): Promise<{ maxLagMs: number; thread: Told }>
}

type Told = Omit<ThreadEvent, 'event' | 't'>

/** Of a longer run every second collection is told, every fourth, … */
const MOST_SAMPLES = 256

/** What was there when nobody ran, the last time that somebody looked. */
let idleKb: number | undefined

/** To be called when nobody runs. */
export function weighIdle(): void {
  idleKb = collected()
}

export function watchToll(): Toll {
  const [first, before] = [idleKb, left()]
  const lag = watchLag()
  let [failed, alone] = [0, true]
  let heap: [failed: number, kb: number][] = first === undefined ? [] : [[0, first]]
  const collections = new PerformanceObserver((list) => {
    if (!list.getEntries().some(isFull)) return
    heap.push([failed, usedKb()])
    if (heap.length >= MOST_SAMPLES) heap = heap.filter((_, nth) => nth % 2 === 0)
  })
  collections.observe({ entryTypes: ['gc'] })
  return {
    heard(event) {
      if (event.event === 'attempt' && event.decision !== 'success' && !event.cancelled) failed++
    },
    shared() {
      alone = false
    },
    async stop() {
      const { maxMs, p99Ms } = lag.stop()
      collections.disconnect()
      // What is closed by now is gone when the loop has come around.
      await new Promise<void>((resolve) => afterGrace(resolve))
      const told: Told = { delay_p99_ms: roundMs(p99Ms) }
      if (alone && failed >= FEWEST_FAILURES) {
        weighIdle()
        told.heap = [...heap, [failed, idleKb!]]
      }
      if (alone) {
        const now = left()
        told.timers = Math.max(0, now.timers - before.timers)
        told.sockets = Math.max(0, now.sockets - before.sockets)
      }
      return { maxLagMs: maxMs, thread: told }
    },
  }
}

/** Node tells the kind there, and its types do not know of it. */
const isFull = (entry: PerformanceEntry): boolean =>
  (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR

const usedKb = (): number => Math.round(getHeapStatistics().used_heap_size / 1024)

/** Those of this thread that hold its loop. */
function left(): { timers: number; sockets: number } {
  const kinds = process.getActiveResourcesInfo()
  const count = (wanted: RegExp): number => kinds.filter((kind) => wanted.test(kind)).length
  return { timers: count(/^Timeout$/), sockets: count(/^(TCPSocket|Pipe|TCPConnect|PipeConnect)Wrap$/) }
}

/** KB in use after a full collection. */
function collected(): number {
  collect ??= collector()
  collect()
  return usedKb()
}

let collect: (() => void) | undefined

/** V8's own, which only a new context gets, and only while the flag is set: no other code may find it there. */
function collector(): () => void {
  // Who started the process wanted it to be there.
  if (globalThis.gc) return globalThis.gc
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc')
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
