import { z } from 'zod'
import type { Balancer } from './balancer.js'

export const round_robin = {
  summary: 'one server after the other, those that may not be tried left out',
  schema: z.strictObject({ type: z.literal('round_robin') }),
  create(): Balancer {
    let next = 0
    return {
      pick(count, eligible) {
        for (let step = 0; step < count; step++) {
          const index = (next + step) % count
          if (!eligible(index)) continue
          next = (index + 1) % count
          return index
        }
        return undefined
      },
    }
  },
} as const
