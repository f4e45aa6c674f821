/** What the two clients of a tutorial share: their attempts and their waits. `tutorial_requests` and `tutorial_fetch` use it. */
import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import type { Judgement } from './policy.js'

export const tutorialKeys = {
  attempts: z.int().min(1).max(1000).default(5).meta({ description: 'Attempts in all, the first included' }),
  second: duration()
    .prefault('1s')
    .meta({ description: 'How long a second of its waits is; shorter, where a run must not take that long' }),
}

/** Its `min(2 ** attempt, 30)` seconds with attempts from 0: 1, 2, 4, 8, 16, 30, 30 … On the last attempt it gives up. */
export function againOrFail({ attempts, second }: { attempts: number; second: number }, n: number): Judgement {
  return n < attempts ? { again_after_ms: Math.min(2 ** (n - 1), 30) * second } : 'fail'
}
