import { z } from 'zod'
import { share } from '../../../lib/quantity.js'
import { type AdmissionState, isExtra } from './admission.js'

const schema = z.strictObject({
  type: z.literal('envoy_budget'),
  percent: share().prefault('20%').meta({ description: 'Retries among the attempts under way' }),
  min_retry_concurrency: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(3)
    .meta({ description: 'So many retries may be under way in any case' }),
})

/** Envoy's retry_budget (circuit_breaker.proto, v3): it bounds how many are under way, not how many there are a second. */
export const envoy_budget = {
  summary: 'retries under way are at most a share of all attempts under way, or a minimum',
  schema,
  create({ percent, min_retry_concurrency }: z.output<typeof schema>): AdmissionState {
    let active = 0
    let retries = 0
    return {
      judge: (ask) => ({
        admit: !isExtra(ask) || retries < Math.max(min_retry_concurrency, Math.floor(percent * active)),
      }),
      granted(ask) {
        active++
        if (isExtra(ask)) retries++
      },
      ended({ ask }) {
        active--
        if (isExtra(ask)) retries--
      },
    }
  },
} as const
