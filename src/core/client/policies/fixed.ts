import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { type PolicyKind, retrying } from './policy.js'

const schema = z.strictObject({
  type: z.literal('fixed'),
  ...retrying,
  delay: duration().prefault('1s').meta({ description: 'Every wait' }),
})

export const fixed = {
  summary: 'every wait is as long as delay',
  source: 'fetch-retry 6 (1 s), Polly 8 (2 s), Spring Retry (1 s)',
  schema,
  wait: (policy, _n, _draw, memory) => ({ ms: policy.delay, memory }),
} as const satisfies PolicyKind<z.output<typeof schema>>
