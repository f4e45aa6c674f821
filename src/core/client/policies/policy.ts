/**
 * What a retry policy is, and the keys that those share which wait between attempts. The kinds beside it answer "how
 * long"; what is tried again at all is scope.ts, what a server asked for is retry_after.ts, and when to stop is call.ts.
 */
import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import type { Outcome } from '../outcome.js'
import { retryAfterSchema } from '../retry_after.js'
import { whenSchema } from '../scope.js'

/** A wait, and what the next one has to know of it. */
export interface Wait {
  ms: number
  memory: number
}

/** What a client makes of an attempt that has judgement of its own; `fail` and `success` end the request. */
export type Judgement = 'success' | 'fail' | { again_after_ms: number }

export interface PolicyKind<Policy> {
  readonly summary: string
  /** Where the formula is from, with its year or version. */
  readonly source: string
  readonly schema: z.ZodType<Policy>
  /**
   * The n-th wait, n from 1: that between attempt n and attempt n + 1. A pure cursor, so that a whole schedule can be
   * listed without waiting.
   * @param draw in [0, 1)
   * @param memory what the wait before left; 0 for the first
   */
  wait?(policy: Policy, n: number, draw: number, memory: number): Wait
  /** For a client that follows neither `when` nor Retry-After. @param n the number of the attempt that ended, from 1 */
  judge?(policy: Policy, n: number, outcome: Outcome): Judgement
  /** It reads the body, and `judge` needs to know whether that is JSON. */
  readonly readsJson?: true
}

/** The keys of every policy that waits between attempts. That one of the two bounds is there, references.ts checks. */
export const retrying = {
  attempts: z
    .union([z.int().min(1).max(1000), z.literal('unlimited')])
    .default(3)
    .meta({ description: 'Attempts in all, the first included; unlimited needs a deadline' }),
  deadline: duration().optional().meta({
    description:
      'So long after it began the request is over: no attempt goes on, and no wait begins that would end later',
  }),
  when: whenSchema.prefault({}).meta({ description: 'What is tried again' }),
  retry_after: retryAfterSchema.prefault({}).meta({ description: 'What a Retry-After of the response does' }),
}

/** The key of most: no wait is longer. */
export const cap = (text: string) => duration().prefault(text).meta({ description: 'No wait is longer' })

/** The key of those that grow. */
export const factor = (description: string) => z.number().min(1).max(100).default(2).meta({ description })

/** `base x factor^exponent` without the NaN of a zero that is multiplied by more than a double can hold. */
export const grown = (base: number, factor: number, exponent: number): number =>
  base === 0 ? 0 : base * factor ** exponent
