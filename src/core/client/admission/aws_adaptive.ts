import { z } from 'zod'
import type { AdmissionState } from './admission.js'
import { createQuota, isThrottlingError, quotaKeys } from './aws_standard.js'
import { createCubicLimiter } from './cubic.js'

const schema = z.strictObject({ type: z.literal('aws_adaptive'), ...quotaKeys })

/** The adaptive mode of AWS SDKs, as in smithy-typescript's AdaptiveRetryStrategy (2026). */
export const aws_adaptive = {
  summary:
    'as aws_standard, and after the first 429 a rate limit of its own for all attempts (CUBIC), which makes them wait',
  schema,
  create(config: z.output<typeof schema>): AdmissionState {
    const quota = createQuota(config)
    const limiter = createCubicLimiter()
    return {
      judge: (ask) => ({ ...quota.judge(ask), after_ms: limiter.delayMs(ask.now_ms) }),
      granted(ask) {
        quota.granted(ask)
        limiter.take(ask.now_ms)
      },
      ended(end) {
        quota.ended(end)
        if (!end.cancelled) limiter.heard(end.now_ms, isThrottlingError(end.outcome))
      },
    }
  },
} as const
