import { z } from 'zod'
import type { Exit } from '../exits.js'
import type { Assignment } from './assignment.js'

export const round_robin = {
  summary: 'one exit after the other by weight, spread out smoothly',
  schema: z.strictObject({ type: z.literal('round_robin') }),
  /** As the balancer of that name (nginx's): every candidate gains its weight, who has most is chosen and pays for all. */
  create(): Assignment {
    const gained = new Map<string, number>()
    return {
      choose(candidates) {
        let best: Exit | undefined
        let total = 0
        for (const exit of candidates) {
          gained.set(exit.id, (gained.get(exit.id) ?? 0) + exit.weight)
          total += exit.weight
          if (!best || gained.get(exit.id)! > gained.get(best.id)!) best = exit
        }
        gained.set(best!.id, gained.get(best!.id)! - total)
        return best!
      },
    }
  },
} as const
