/**
 * The time of a run, and with it the state of its addresses: whoever listens is told whenever the faults of an address
 * may have changed. The site holds one (start.ts), and so does every hop that runs in a process of its own.
 */
import type { FaultPlan } from '../core/fault/plan.js'
import type { Scope } from '../lib/scope.js'
import { monotonicMs, startTimer, stopTimer, type Timer } from './clock.js'

export interface Course {
  /** Milliseconds since the load's start, to a microsecond; 0 before. */
  now(): number
  /** When that was, on the clock of clock.ts. */
  loadStart(): number | undefined
  onAddressChange(place: string, apply: () => Promise<void>): void
  /** The load starts, now or at the moment given: occasions count anew, windows open and close relative to it. */
  begin(at?: number): Promise<void>
  /** Tells all who listen. */
  follow(): Promise<void>
}

export function createCourse(plan: FaultPlan, scope: Scope): Course {
  const followers = new Map<string, () => Promise<void>>()
  const timers = new Map<string, Timer>()
  let zero: number | undefined
  let over = false
  scope.add(() => {
    over = true
    for (const timer of timers.values()) stopTimer(timer)
  })
  const now = () => (zero === undefined ? 0 : Math.round((monotonicMs() - zero) * 1000) / 1000)
  /** Now, and from then on whenever the faults of the address turn. */
  const followOne = async (place: string, apply: () => Promise<void>): Promise<void> => {
    // What turns while it is carried out is carried out next.
    const from = now()
    await apply()
    const next = zero === undefined || over ? undefined : plan.nextAddressChange(place, from)
    stopTimer(timers.get(place))
    if (next === undefined) return
    const timer = startTimer(Math.max(0, next - now()), () => void followOne(place, apply))
    timers.set(place, timer)
  }
  const follow = async () => {
    for (const [place, apply] of followers) await followOne(place, apply)
  }
  return {
    now,
    loadStart: () => zero,
    onAddressChange: (place, apply) => void followers.set(place, apply),
    async begin(at = monotonicMs()) {
      zero = at
      plan.reset()
      await follow()
    },
    follow,
  }
}
