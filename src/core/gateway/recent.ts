/** The observations of one target that are still fresh: what strategies and diagnosis look back on. Bounded. */
import type { Observation } from './observation.js'

const MOST = 2000

export class Recent {
  private readonly byTarget = new Map<string, Observation[]>()

  constructor(private readonly windowMs: number) {}

  add(seen: Observation): void {
    const all = this.byTarget.get(seen.target) ?? []
    all.push(seen)
    if (all.length > MOST) all.shift()
    this.byTarget.set(seen.target, all)
  }

  /** In the order in which they ended. */
  of(target: string, nowMs: number): readonly Observation[] {
    const all = this.byTarget.get(target)
    if (!all) return []
    const stale = all.findIndex(({ t }) => t > nowMs - this.windowMs)
    if (stale !== 0) all.splice(0, stale < 0 ? all.length : stale)
    return all
  }

  /** Of what was before nobody wants to know any more: the target has changed. */
  forget(target: string): void {
    this.byTarget.delete(target)
  }
}
