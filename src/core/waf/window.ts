/** Sliding windows, one a key: whether more than so many came within the last while. Times are arguments, and never decrease. */

/** Keys beyond it: who was quiet for longest is forgotten. */
const KEYS_LIMIT = 10_000

export class Windows {
  /** By key, the latest times; as many as it takes to tell. */
  private readonly times = new Map<string, number[]>()

  /** @param over how many within `withinMs` are not yet too many */
  constructor(
    private readonly over: number,
    private readonly withinMs: number,
  ) {}

  /** Counts one more, and says whether that is too many: who goes on asking stays over the limit. */
  isOver(key: string, nowMs: number): boolean {
    const times = this.times.get(key) ?? []
    // Last in the order of the map is who came last.
    this.times.delete(key)
    if (this.times.size >= KEYS_LIMIT) this.times.delete(this.times.keys().next().value!)
    this.times.set(key, times)
    const oldest = times.length < this.over ? undefined : times.shift()
    times.push(nowMs)
    return oldest !== undefined && nowMs - oldest < this.withinMs
  }

  forget(key: string): void {
    this.times.delete(key)
  }
}
