import { z } from 'zod'
import { type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('immediate'),
  ...retrying,
})

export const immediate = {
  summary: 'again at once, without any wait',
  source: 'superagent 10, axios-retry 4 and cockatiel 4 as they come',
  schema,
  wait: (_policy, _n, _draw, memory) => ({ ms: 0, memory }),
} as const satisfies PolicyKind<z.output<typeof schema>>
