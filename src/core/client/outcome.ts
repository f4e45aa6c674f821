/** How an attempt or a request of a client ended: what a policy decides from, and what the journal holds. */
import type { Failure } from '../failure.js'

export interface Outcome {
  /** The final status; undefined when no response head came. */
  status?: number | undefined
  /** What the client itself perceived: the response was missing or incomplete. */
  failure?: Failure | undefined
  /** The client closed the connection itself: it did not want to wait any longer. */
  gaveUp?: true | undefined
  /** The health check before it was not ok, so it was not sent. */
  unhealthy?: true | undefined
  /** The Retry-After header as received. */
  retryAfter?: string | undefined
  /** The body is valid JSON; only where the policy's own judgement needs it. */
  json?: boolean | undefined
}

/** A complete response with a status below 400. */
export const succeeded = ({ failure, gaveUp, status }: Outcome): boolean =>
  failure === undefined && !gaveUp && status !== undefined && status < 400

/** In a word or two, for the journal: the failure's type, else the status. */
export const wordOf = ({ failure, unhealthy, status }: Outcome): string =>
  failure?.type ?? (unhealthy ? 'unhealthy' : status === undefined ? 'no response' : String(status))
