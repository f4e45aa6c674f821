import { z } from 'zod'
import { answer, attempts, type Decision, rotated, type StrategyFacts } from './strategy.js'

const schema = z.strictObject({ type: z.literal('blind'), attempts: attempts(5) })

export const blind = {
  summary: 'again at once through the same exit with the same TLS profile, whatever the failure',
  schema,
  decide: (config: z.output<typeof schema>, { n, seen }: StrategyFacts): Decision =>
    seen.ok || n >= config.attempts
      ? answer('not_evaluated')
      : rotated({ exit: 'same', profile: 'same' }, 'not_evaluated'),
} as const
