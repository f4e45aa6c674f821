import { z } from 'zod'
import type { Assignment } from './assignment.js'
import { nextUnused } from './least_used.js'

export const sticky = {
  summary: 'one exit for each target for as long as it may be used, then another for as long as that',
  schema: z.strictObject({ type: z.literal('sticky') }),
  /** Sessions stick under every assignment; this one is for requests that name none. */
  create(): Assignment {
    const next = nextUnused()
    const stuck = new Map<string, string>()
    return {
      choose(candidates, facts) {
        const id = stuck.get(facts.target)
        const exit = candidates.find((candidate) => candidate.id === id) ?? next(candidates, facts.used)
        stuck.set(facts.target, exit.id)
        return exit
      },
    }
  },
} as const
