/**
 * Real time for the live engine. Timers and the clock are taken when this module loads, so that a test suite that
 * fakes its own timers afterwards does not stop the rig.
 */
const { setTimeout, clearTimeout, setImmediate } = globalThis
const now = performance.now.bind(performance)

/** Monotonic milliseconds from an arbitrary zero. */
export const monotonicMs = (): number => now()

/** Node turns a longer timer into one of a millisecond. */
const LONGEST_MS = 2_147_483_647

export type Timer = ReturnType<typeof setTimeout>

export const startTimer = (ms: number, act: () => void): Timer => setTimeout(act, Math.min(ms, LONGEST_MS))
export const stopTimer = (timer: Timer | undefined): void => clearTimeout(timer)
export const soon = (act: () => void): void => void setImmediate(act)

/** Resolves after so many milliseconds, or at once when the signal is aborted. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = startTimer(Math.max(0, ms), done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
