import { z } from 'zod'
import { duration, rate, share } from '../../../lib/quantity.js'
import { type AdmissionState, isExtra, thousandths } from './admission.js'
import { createWindow } from './window.js'

const schema = z.strictObject({
  type: z.literal('finagle_budget'),
  ttl: duration()
    .refine((ms) => ms >= 1000 && ms <= 60_000, 'expected 1s to 60s')
    .prefault('10s')
    .meta({ description: 'So long a request counts, and a retry' }),
  share: share().prefault('20%').meta({ description: 'Retries per request of that time' }),
  min: rate().prefault('10/s').meta({ description: 'So many retries beside; those of the whole ttl may come at once' }),
})

/**
 * Finagle's RetryBudget over its leaky TokenBucket (2017); Linkerd's and tower's have the same numbers. A request puts
 * in 1000, a retry takes 1000 / share, the reserve is min x ttl retries.
 */
export const finagle_budget = {
  summary:
    'retries are a share of the requests of the last seconds and a minimum per second, which a cold client may spend at once',
  schema,
  create({ ttl, share, min }: z.output<typeof schema>): AdmissionState {
    const deposit = share === 0 ? 0 : thousandths(1)
    const price = share === 0 ? 1 : Math.trunc(thousandths(1) / share)
    const reserve = min * Math.trunc(ttl / 1000) * price
    const balance = createWindow(ttl)
    return {
      judge: (ask) => ({ admit: !isExtra(ask) || balance.sum(ask.now_ms) + reserve >= price }),
      granted: (ask) => balance.add(ask.now_ms, isExtra(ask) ? -price : deposit),
      ended() {},
    }
  },
} as const
