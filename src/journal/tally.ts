/** Counting by word, within a limit of words, and folds by name. The reducer calls it. */

export interface Tally {
  add(key: string): void
  counts(): Map<string, number>
  /** As an object whose keys are sorted. */
  record(): Record<string, number>
  /** Additions beyond the limit of distinct keys. */
  readonly others: number
}

const DISTINCT_LIMIT = 10_000

export function createTally(): Tally {
  const counts = new Map<string, number>()
  let others = 0
  return {
    add(key) {
      const count = counts.get(key)
      if (count === undefined && counts.size >= DISTINCT_LIMIT) others++
      else counts.set(key, (count ?? 0) + 1)
    },
    counts: () => new Map(counts),
    record: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    get others() {
      return others
    },
  }
}

/** Folds that are made when their name first occurs. */
export function byName<Fold>(make: () => Fold) {
  const folds = new Map<string, Fold>()
  return {
    at(name: string): Fold {
      const known = folds.get(name)
      if (known !== undefined) return known
      const made = make()
      folds.set(name, made)
      return made
    },
    map: <Out>(facts: (fold: Fold) => Out): Map<string, Out> =>
      new Map([...folds].map(([name, fold]) => [name, facts(fold)])),
  }
}
