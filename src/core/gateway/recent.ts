/** The observations of one target that are still fresh: what strategies and diagnosis look back on. Bounded. */
import type { Observation } from './observation.js'

const MOST = 2000

export class Recent {
  private readonly byTarget = new Map<string, Observation[]>()

  constructor(private readonly windowMs: number) {}

  add(seen: Observation): void {
    const all = this.byTarget.get(seen.target) ?? []
    all.push(seen)
    // Many at once: what leaves the front of an array moves all the others.
    if (all.length >= 2 * MOST) all.splice(0, all.length - MOST)
    this.byTarget.set(seen.target, all)
  }

  /** In the order in which they ended. */
  of(target: string, nowMs: number): readonly Observation[] {
    const all = this.byTarget.get(target)
    if (!all) return []
    const stale = all.findIndex(({ t }) => t > nowMs - this.windowMs)
    const gone = Math.max(stale < 0 ? all.length : stale, all.length - MOST)
    if (gone > 0) all.splice(0, gone)
    return all
  }

  /** Of what was before nobody wants to know any more: the target has changed. */
  forget(target: string): void {
    this.byTarget.delete(target)
  }
}
