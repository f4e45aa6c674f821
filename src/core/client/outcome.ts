/** How an attempt or a request of a client ended: what a policy decides from, and what the journal holds. */
import type { Failure } from '../failure.js'

export interface Outcome {
  /** The final status; undefined when no response head came. */
  status?: number | undefined
  /** What the client itself perceived: the response was missing or incomplete. */
  failure?: Failure | undefined
  /** The client closed the connection itself: it did not want to wait any longer. */
  gaveUp?: true | undefined
}

/** A complete response with a status below 400. */
export const succeeded = (outcome: Outcome): boolean =>
  outcome.failure === undefined && !outcome.gaveUp && outcome.status !== undefined && outcome.status < 400
