/** Counting by word, within a limit of words, and folds by name. The reducer calls it. */

export interface Tally {
  add(key: string): void
  counts(): Map<string, number>
  /** As an object whose keys are sorted. */
  record(): Record<string, number>
  /** Additions beyond the limit of distinct keys. */
  readonly others: number
  copy(): Tally
}

const DISTINCT_LIMIT = 10_000

export function createTally(before: ReadonlyMap<string, number> = new Map(), othersBefore = 0): Tally {
  const counts = new Map(before)
  let others = othersBefore
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
    copy: () => createTally(counts, others),
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
    map: <Out>(facts: (fold: Fold, name: string) => Out): Map<string, Out> =>
      new Map([...folds].map(([name, fold]) => [name, facts(fold, name)])),
  }
}

/** By status, outcome or line, in the order of first occurrence. */
export type Counts = ReadonlyMap<string, number>

export interface LineFacts {
  lines: Counts
  /** Lines beyond the limit of distinct ones: how often, but not what they said. */
  others: number
}

export const lineFacts = (tally: Tally): LineFacts => ({ lines: tally.counts(), others: tally.others })
