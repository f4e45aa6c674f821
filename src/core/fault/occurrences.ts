/**
 * How often each of many names occurred, in bounded memory. The plan counts with it whose attempt an occasion is, and
 * what each client or request has met of a fault; it knows nothing of either.
 */

/** Of more names than these, whoever was quiet for longest is forgotten, and counts from the start. */
export const NAMES_LIMIT = 200_000

/** As it goes through a pipe. */
export type Occurred = readonly (readonly [name: string, count: number])[]

export class Occurrences {
  private counts = new Map<string, number>()

  /** Counts one more. @returns how often the name had occurred before */
  next(name: string): number {
    const before = this.counts.get(name) ?? 0
    // Last in the order of the map is who came last.
    if (before > 0) this.counts.delete(name)
    else if (this.counts.size >= NAMES_LIMIT) this.counts.delete(this.counts.keys().next().value!)
    this.counts.set(name, before + 1)
    return before
  }

  reset(): void {
    this.counts.clear()
  }

  told(): Occurred {
    return [...this.counts]
  }

  resume(occurred: Occurred): void {
    this.counts = new Map(occurred)
  }
}
