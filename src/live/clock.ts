/**
 * Real time for the live engine. Timers and the clock are taken when this module loads, so that a test suite that
 * fakes its own timers afterwards does not stop the rig.
 */
const { setTimeout, clearTimeout, setImmediate } = globalThis
const now = performance.now.bind(performance)
const { Date: RealDate } = globalThis
const wallNow = RealDate.now.bind(RealDate)

/** Monotonic milliseconds from an arbitrary zero. */
export const monotonicMs = (): number => now()

/** `monotonicMs` counts from the start of its process; the clock below it is one for the whole machine. */
const SHARED_ZERO_MS = Number(process.hrtime.bigint()) / 1e6 - now()

/** A moment of `monotonicMs` as another process of this machine can read it, and such a moment on our clock. */
export const toSharedMs = (ours: number): number => ours + SHARED_ZERO_MS
export const fromSharedMs = (shared: number): number => shared - SHARED_ZERO_MS

/** Monotonic milliseconds whose seconds begin with those of the time of day; no faked date moves it. */
export const alignedMs = (): number => now() + EPOCH_MS
const EPOCH_MS = wallNow() - now()

/** To a microsecond: what the journal keeps. */
export const roundMs = <Ms extends number | undefined>(ms: Ms): Ms =>
  (ms === undefined ? ms : Math.round(ms * 1000) / 1000) as Ms

/** The time of day, for certificates: their reader does not believe in faked dates. */
export const wallMs = (): number => wallNow()

/** The time of day, as HTTP writes it. */
export const httpDate = (): string => new RealDate(wallNow()).toUTCString()

/** So many milliseconds ago, as RFC 3339 writes it. */
export const isoTime = (agoMs: number): string => new RealDate(wallNow() - agoMs).toISOString()

/** Node turns a longer timer into one of a millisecond. */
const LONGEST_MS = 2_147_483_647

export interface Timer {
  handle: ReturnType<typeof setTimeout>
}

/**
 * Calls once when so many milliseconds have passed, never before: Node counts in whole milliseconds, and from when the
 * turn of the loop began, so its own timers ring up to some milliseconds early.
 */
export function startTimer(ms: number, act: () => void): Timer {
  const due = now() + ms
  const ring = () => {
    const rest = due - now()
    if (rest > 0) timer.handle = setTimeout(ring, Math.min(rest, LONGEST_MS))
    else act()
  }
  const timer: Timer = { handle: setTimeout(ring, Math.min(ms, LONGEST_MS)) }
  return timer
}
export const stopTimer = (timer: Timer | undefined): void => clearTimeout(timer?.handle)
export const soon = (act: () => void): void => void setImmediate(act)

/**
 * All hops of a run share one event loop. When it was busy, a time limit passes while bytes are still between two of
 * them, each a turn or two from the next: who is late is only told when the loop has come around so often.
 */
const GRACE_TURNS = 20

/** Calls back when what had arrived by now has gone its way through every hop; at once, where the loop is idle. */
export function afterGrace(act: () => void, turns = GRACE_TURNS): void {
  if (turns === 0) act()
  else setImmediate(() => afterGrace(act, turns - 1))
}

/** As long as a busy kernel takes to carry an end from one socket to another. */
const CARRIED_MS = 2

/** Resolves when every end of a connection that one side has closed by now is known to the other. */
export async function allHeard(): Promise<void> {
  await wait(CARRIED_MS)
  await new Promise<void>((resolve) => afterGrace(resolve))
}

/** Stops it, however far it is. */
export type Stop = () => void

/**
 * For limits, and for what faults make late: with the same grace for both they pass in the order of their times,
 * however busy the loop was when they were due.
 */
export function startDeadline(ms: number, act: () => void): Stop {
  let stopped = false
  const timer = startTimer(ms, () =>
    afterGrace(() => {
      if (!stopped) act()
    }),
  )
  return () => {
    stopped = true
    stopTimer(timer)
  }
}

/**
 * Undici takes `setImmediate` from the global object at every reuse of a connection, some of it a microtask later. While
 * a suite fakes it, the real one stands there for just as long as undici looks; otherwise this only calls `act`.
 */
export function withRealImmediate(act: () => void): void {
  const faked = globalThis.setImmediate
  if (faked === setImmediate) return act()
  globalThis.setImmediate = setImmediate
  try {
    act()
  } finally {
    queueMicrotask(() => {
      globalThis.setImmediate = faked
    })
  }
}

/** Resolves after so many milliseconds, or at once when the signal is aborted. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      stopTimer(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = startTimer(Math.max(0, ms), done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
