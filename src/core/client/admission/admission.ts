/**
 * What an admission is: it says whether an attempt may be sent at all, whatever the policy wants. `call` asks it, one
 * for each client instance; the kinds beside it know neither clocks nor chance, times and draws are arguments.
 */
import type { Ended } from '../bearing.js'
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
export interface End extends Ended {
  /** The same object that was granted. */
  readonly ask: Ask
  readonly now_ms: number
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

/** Tokens in whole thousandths, as gRPC and Finagle keep them: ten tenths are one. */
export const thousandths = (tokens: number): number => Math.round(tokens * 1000)
