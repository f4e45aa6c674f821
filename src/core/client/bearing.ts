/** How the end of an attempt bears on what a client thinks of its server: admissions and pacers learn from it. */
import type { Outcome } from './outcome.js'

/**
 * What the end of an attempt says of the server: that it works, that it works and did not like the request (a 4xx other than 408, 425
 * and 429), that it failed, or nothing.
 */
export type Bearing = 'success' | 'refusal' | 'failure' | 'none'

export interface Ended {
  readonly outcome: Outcome
  /** What the client's policy took it for. */
  readonly ok: boolean
  /** Its client did not want it any longer (the loser of a hedge), or never sent it: nothing is known of the server. */
  readonly cancelled?: true | undefined
}

export function bearing({ ok, outcome, cancelled }: Ended): Bearing {
  if (cancelled) return 'none'
  if (ok) return 'success'
  const status = outcome.failure || outcome.gaveUp ? undefined : outcome.status
  const itsOwnFault = status !== undefined && status >= 400 && status < 500 && !WORTH_ANOTHER.has(status)
  return itsOwnFault ? 'refusal' : 'failure'
}

/** The 4xx that speak of the moment, not of the request. */
const WORTH_ANOTHER = new Set([408, 425, 429])

/** The server said that it is too much: 429 (RFC 6585), 503, or whenever it says when to come again. */
export const isThrottling = ({ status, retryAfter, failure }: Outcome): boolean =>
  failure === undefined && (status === 429 || status === 503 || retryAfter !== undefined)
