/**
 * What an admission is: it says whether an attempt may be sent at all, whatever the policy wants. `call` asks it, one
 * for each client instance; the kinds beside it know neither clocks nor chance, times and draws are arguments.
 */
import type { Outcome } from '../outcome.js'

/** May this attempt be sent now? Keep the object: it stands for the attempt until it ended. */
export interface Ask {
  /** The number of the attempt within its request, from 1; a hedge has one too. */
  readonly n: number
  /** Sent beside another attempt that has not ended. */
  readonly hedge: boolean
  /** On a clock that does not go back. */
  readonly now_ms: number
  /** In [0, 1), for those that refuse by chance. */
  readonly draw: number
  /** How the attempt before ended; absent for the first and for a hedge. */
  readonly after?: Outcome | undefined
}

/** That attempt is over. Every ask that was granted ends once, sent or not. */
export interface End {
  /** The same object that was granted. */
  readonly ask: Ask
  readonly now_ms: number
  readonly outcome: Outcome
  /** What the client's policy took it for. */
  readonly ok: boolean
  /** Its client did not want it any longer (the loser of a hedge), or never sent it: nothing is known of the server. */
  readonly cancelled?: true | undefined
}

export type Granted =
  /** Send it, `after_ms` from now if that is there; it need not be asked again then. */
  | { admit: true; after_ms?: number }
  /** `why` is the word of the kind that refused. */
  | { admit: false; why: string }

/** All that a client instance has to ask. Granting takes what the attempt costs. */
export interface Admission {
  admit(ask: Ask): Granted
  ended(end: End): void
}

/** One kind with its memory. Judging changes nothing, so that nobody pays for what another one refuses. */
export interface AdmissionState {
  judge(ask: Ask): { admit: boolean; after_ms?: number }
  /** All have agreed: it is sent. */
  granted(ask: Ask): void
  /** One of all has refused it. */
  refused?(ask: Ask): void
  ended(end: End): void
}

/** An attempt beyond the one that every request has: a retry or a hedge. */
export const isExtra = ({ n, hedge }: Ask): boolean => n > 1 || hedge

/**
 * What an end says of the server: that it works, that it works and did not like the request (a 4xx other than 408, 425
 * and 429), that it failed, or nothing.
 */
export type Bearing = 'success' | 'refusal' | 'failure' | 'none'

export function bearing({ ok, outcome, cancelled }: Pick<End, 'ok' | 'outcome' | 'cancelled'>): Bearing {
  if (cancelled) return 'none'
  if (ok) return 'success'
  const status = outcome.failure || outcome.gaveUp ? undefined : outcome.status
  const itsOwnFault = status !== undefined && status >= 400 && status < 500 && !WORTH_ANOTHER.has(status)
  return itsOwnFault ? 'refusal' : 'failure'
}

/** The 4xx that speak of the moment, not of the request. */
const WORTH_ANOTHER = new Set([408, 425, 429])

/** Tokens in whole thousandths, as gRPC and Finagle keep them: ten tenths are one. */
export const thousandths = (tokens: number): number => Math.round(tokens * 1000)
