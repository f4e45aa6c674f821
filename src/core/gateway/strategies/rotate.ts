import { z } from 'zod'
import { answer, attempts, type Decision, rotated, type StrategyFacts } from './strategy.js'

const schema = z.strictObject({
  type: z.literal('rotate'),
  attempts: attempts(5),
  profile: z.boolean().default(false).meta({ description: 'Take another TLS profile as well, where there is one' }),
})

export const rotate = {
  summary: 'again at once through another exit, whatever the failure',
  schema,
  decide: (config: z.output<typeof schema>, { n, seen, pool }: StrategyFacts): Decision => {
    if (seen.ok || n >= config.attempts) return answer('not_evaluated')
    const profile = config.profile && pool.profiles.some((name) => name !== seen.profile) ? 'other' : 'same'
    return rotated({ exit: 'other', profile }, 'not_evaluated')
  },
} as const
