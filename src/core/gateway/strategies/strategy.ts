/**
 * What a strategy is: it sees how a try ended, and says whether the gateway tries again, when, and through what. The
 * kinds beside it decide; routing.ts carries it out on the pool.
 */
import { z } from 'zod'
import type { Exit } from '../exits.js'
import type { Observation } from '../observation.js'
import type { Heuristic } from '../signs.js'

export interface StrategyFacts {
  /** Tries so far, that of `seen` included. */
  n: number
  seen: Observation
  /** Of this target, `seen` included, in the order in which they ended. */
  recent: readonly Observation[]
  /** Exits that are not in quarantine for this target, and TLS profiles that are not; the usual profile first. */
  pool: { exits: readonly Exit[]; profiles: readonly string[] }
  /** Those in quarantine among them. */
  all: { exits: readonly Exit[]; profiles: readonly string[] }
  now_ms: number
  /** In [0, 1). */
  draw: number
}

/** `other`: one that this request has not been through yet; `elsewhere`: of another /24 at that, if there is one. */
export type NextExit = 'any' | 'same' | 'other' | 'elsewhere'

export type Decision = Judgement & { heuristic: Heuristic; strategy: StrategyWord }

export type Judgement = (
  | { do: 'answer' }
  | { do: 'again'; after_ms: number; exit: NextExit; profile: 'same' | 'other' }
) & {
  /** These get nothing for this target any more. */
  quarantine?: { exits: readonly string[]; profiles: readonly string[]; for_ms: number }
  /** Nothing is sent to this target meanwhile; those whose failures were not their own come out of quarantine. */
  pause?: {
    for_ms: number
    probes: number
    pardon: readonly string[]
    /** So long ago the first of the failures was that led to it. */
    since_ms: number
  }
}

export const strategyWords = {
  answer: 'the failure is answered',
  retry_same_exit: 'again at once, through the same exit',
  rotate_ip: 'again at once, through another exit',
  rotate_fingerprint: 'again at once, with another TLS profile',
  rotate_ip_and_fingerprint: 'again at once, through another exit and with another TLS profile',
  exponential_backoff: 'again after 2^attempt times the base, and jitter',
  pause_target: 'nothing is sent to the target for a while, then a few find out',
} as const
export type StrategyWord = keyof typeof strategyWords

export const attempts = (count: number) =>
  z.int().min(1).max(100).default(count).meta({ description: 'Tries of one request in all, the first included' })

export const answer = (heuristic: Heuristic): Decision => ({ do: 'answer', heuristic, strategy: 'answer' })

/** Again at once; the word says what is rotated. */
export function rotated(
  what: { exit: 'same' | 'other' | 'elsewhere'; profile: 'same' | 'other' },
  heuristic: Heuristic,
  more: Pick<Judgement, 'quarantine'> = {},
): Decision {
  const words = {
    same: { same: 'retry_same_exit', other: 'rotate_fingerprint' },
    other: { same: 'rotate_ip', other: 'rotate_ip_and_fingerprint' },
    elsewhere: { same: 'rotate_ip', other: 'rotate_ip_and_fingerprint' },
  } as const
  return { do: 'again', after_ms: 0, ...what, ...more, heuristic, strategy: words[what.exit][what.profile] }
}
