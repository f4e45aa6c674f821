import { z } from 'zod'
import { bearing } from '../bearing.js'
import type { Outcome } from '../outcome.js'
import { type AdmissionState, type Ask, isExtra } from './admission.js'

/** What both of AWS's retry modes can be told. */
export const quotaKeys = {
  tokens: z.int().min(0).max(1_000_000).default(500).meta({ description: 'Tokens it holds, and starts with' }),
  costs: z.literal([2025, 2026]).default(2025).meta({
    description:
      'What a retry takes. 2025: 10 after no response, 500, 502, 503 and 504, else 5. 2026: 5 after 429, else 14',
  }),
}

const schema = z.strictObject({ type: z.literal('aws_standard'), ...quotaKeys })

export const aws_standard = {
  summary:
    'as the standard mode of AWS SDKs: a retry takes tokens by what went wrong, a success gives back what its retry took',
  schema,
  create: (quota: z.output<typeof schema>): AdmissionState => createQuota(quota),
} as const

/**
 * The retry quota of smithy-typescript, StandardRetryStrategy and retries-2026-config (2026): what a success gives back
 * is what the last retry of its request took, or 1 where it needed none.
 */
export function createQuota({ tokens: full, costs }: Omit<z.output<typeof schema>, 'type'>): AdmissionState {
  let tokens = full
  const cost = (ask: Ask): number => {
    if (!isExtra(ask)) return 0
    if (costs === 2026) return isThrottlingError(ask.after) ? 5 : 14
    return isTransient(ask.after) ? 10 : 5
  }
  return {
    judge: (ask) => ({ admit: tokens >= cost(ask) }),
    granted(ask) {
      tokens -= cost(ask)
    },
    ended(end) {
      if (bearing(end) === 'success') tokens = Math.min(full, tokens + (cost(end.ask) || 1))
    },
  }
}

/** THROTTLING in the SDK: 429. A 503 is none, unless the service's own error code says so, which HTTP does not tell. */
export const isThrottlingError = (outcome: Outcome | undefined): boolean =>
  outcome !== undefined && outcome.failure === undefined && outcome.status === 429

/** TRANSIENT in the SDK: no response, or one of these. A hedge follows nothing, and is taken for one after a timeout. */
const isTransient = (outcome: Outcome | undefined): boolean =>
  outcome?.status === undefined || outcome.failure !== undefined || TRANSIENT.has(outcome.status)

const TRANSIENT = new Set([500, 502, 503, 504])
