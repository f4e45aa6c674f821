import { z } from 'zod'
import type { Exit } from '../exits.js'
import type { Assignment } from './assignment.js'

export const least_used = {
  summary: 'the exit that carries the fewest requests; among equals, the one that was unused for longest',
  schema: z.strictObject({ type: z.literal('least_used') }),
  create(): Assignment {
    const next = nextUnused()
    return { choose: (candidates, { used }) => next(candidates, used) }
  },
} as const

/**
 * Not the fewest in all: an exit that comes back from a quarantine would get everything until it has caught up. Weights
 * don't count.
 */
export function nextUnused(): (candidates: readonly Exit[], used: (exit: Exit) => number) => Exit {
  let turn = 0
  const last = new Map<string, number>()
  const unusedSince = ({ id }: Exit): number => last.get(id) ?? 0
  return (candidates, used) => {
    let best = candidates[0]!
    for (const exit of candidates) {
      const fewer = used(exit) - used(best)
      if (fewer < 0 || (fewer === 0 && unusedSince(exit) < unusedSince(best))) best = exit
    }
    last.set(best.id, ++turn)
    return best
  }
}
