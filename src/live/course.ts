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
  onAddressChange(hop: string, apply: () => Promise<void>): void
  /** The load starts, now or at the moment given: occasions count anew, windows open and close relative to it. */
  begin(at?: number): Promise<void>
  /** Tells all who listen. */
  follow(): Promise<void>
}

export function createCourse(plan: FaultPlan, scope: Scope): Course {
  const followers = new Map<string, () => Promise<void>>()
  let zero: number | undefined
  let timers: Timer[] = []
  scope.add(() => timers.forEach(stopTimer))
  const now = () => (zero === undefined ? 0 : Math.round((monotonicMs() - zero) * 1000) / 1000)
  const follow = async () => {
    for (const apply of followers.values()) await apply()
  }
  return {
    now,
    loadStart: () => zero,
    onAddressChange: (hop, apply) => void followers.set(hop, apply),
    async begin(at = monotonicMs()) {
      zero = at
      plan.reset()
      timers.forEach(stopTimer)
      timers = [...followers].flatMap(([hop, apply]) =>
        plan.addressChanges(hop).map((change) => startTimer(Math.max(0, change - now()), () => void apply())),
      )
      await follow()
    },
    follow,
  }
}
