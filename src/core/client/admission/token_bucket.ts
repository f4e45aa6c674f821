import { z } from 'zod'
import { bearing } from '../bearing.js'
import { type AdmissionState, isExtra, thousandths } from './admission.js'

const schema = z.strictObject({
  type: z.literal('token_bucket'),
  size: z.number().min(0).max(1e6).default(5).meta({ description: 'Tokens it holds, and starts with' }),
  deposit: z.number().min(0).max(1e6).default(0.1).meta({ description: 'Tokens put in by each request' }),
  deposit_on: z
    .enum(['start', 'success'])
    .default('start')
    .meta({ description: 'When: at the start of each first attempt, or when an attempt succeeds' }),
  cost: z.number().min(0.001).max(1e6).default(1).meta({ description: 'Tokens taken by each retry' }),
  threshold: z.number().min(0).max(1e6).default(1).meta({ description: 'Retries only while it holds more than this' }),
})

/**
 * Brooker, "Fixing retries with token buckets and circuit breakers" (2022). His text has a success deposit, his
 * simulator (retry_sim) the start of a call: `deposit_on` says which.
 */
export const token_bucket = {
  summary: 'a retry takes a token of a bucket that requests fill; first attempts always pass',
  schema,
  create({ size, deposit, deposit_on, cost, threshold }: z.output<typeof schema>): AdmissionState {
    const full = thousandths(size)
    const [price, least, paid] = [thousandths(cost), thousandths(threshold), thousandths(deposit)]
    let tokens = full
    const fill = () => {
      tokens = Math.min(full, tokens + paid)
    }
    return {
      judge: (ask) => ({ admit: !isExtra(ask) || (tokens > least && tokens >= price) }),
      granted(ask) {
        if (isExtra(ask)) tokens -= price
        else if (deposit_on === 'start') fill()
      },
      ended(end) {
        if (deposit_on === 'success' && bearing(end) === 'success') fill()
      },
    }
  },
} as const
