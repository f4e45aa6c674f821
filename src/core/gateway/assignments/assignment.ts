/** What an assignment is: the kinds beside it make one, the pool of exits asks it. It does not know of quarantine. */
import type { Exit } from '../exits.js'

/** An assignment with its memory; lives as long as its gateway. */
export interface Assignment {
  /** One of the candidates, of which there is at least one; they stand in the order of the pool. */
  choose(candidates: readonly Exit[], facts: AssignmentFacts): Exit
}

export interface AssignmentFacts {
  /** The destination that was asked for. */
  target: string
  /** In [0, 1). */
  draw: number
  /** How many requests an exit carries now. */
  used(exit: Exit): number
  /** From 0 to 1: how well it went through this exit lately. */
  health(exit: Exit): number
}

/** Where the draw falls when the candidates stand side by side, each as wide as its weight. */
export function atDraw(candidates: readonly Exit[], draw: number, weightOf: (exit: Exit) => number): Exit {
  const total = candidates.reduce((sum, exit) => sum + weightOf(exit), 0)
  let left = draw * total
  for (const exit of candidates) {
    const weight = weightOf(exit)
    if (left < weight) return exit
    left -= weight
  }
  return candidates.at(-1)!
}
