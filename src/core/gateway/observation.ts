/**
 * What a gateway, or a client of one, can see of one attempt: the only thing that diagnosis and strategies know. It
 * never holds what the scenario says.
 */
import type { ErrorType } from '../error_types.js'
import type { Stage } from '../failure.js'

export interface Observation {
  /** When it ended, in milliseconds. */
  t: number
  /** The destination by the name and port that were asked for. */
  target: string
  /** The exit's id; empty where it never got to one. */
  exit: string
  subnet: string
  tag: string
  /** The TLS profile it spoke, where it spoke TLS itself. */
  profile: string
  /** A response below 500 that is no refusal; the gateway may know better than the status. */
  ok: boolean
  status?: number
  /** The Server header of the response. */
  server?: string
  /** X-Proxy-Error of another gateway. */
  proxy_error?: string
  /** How our own gateway perceived the failure (RFC 9209). */
  error?: ErrorType
  stage?: Stage
  /** How long it took. */
  ms: number
}
