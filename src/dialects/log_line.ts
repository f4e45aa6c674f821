/**
 * A line of a product's error log, what it may say beside the failure, and the occasions for one. Dialects write such lines,
 * the mini proxy journals them; it knows no product.
 */
import type { Failure, Stage } from '../core/failure.js'

export interface LogLine {
  level: 'info' | 'notice' | 'warn' | 'error' | 'crit'
  message: string
}

export interface LogContext {
  /** The address of the client. */
  client: string
  /** The server_name that took the request. */
  server: string
  /** The request line. */
  request: string
  /** The URL that was asked for; undefined while none was chosen. */
  upstream?: string | undefined
  /** The Host field. */
  host?: string | undefined
  /** The name that was to be resolved. */
  name?: string | undefined
  /** The name that the certificate must have. */
  serverName?: string | undefined
  /** The port of the client. */
  clientPort?: number | undefined
  /** So many requests came before it on its connection. */
  earlier?: number | undefined
  /** As long as a server is excluded, in milliseconds. */
  excludedMs?: number | undefined
  /** How the try ended that excluded it. */
  excludedBy?: TryEnd | undefined
}

/** The failure that ended a try, and the status that had come by then. */
export interface TryEnd {
  failure: Failure | undefined
  status: number | undefined
}

/** What may be worth a line while a request is under way. */
export interface ErrorLog {
  /** A try failed, or there was no server for one. */
  failed(failure: Failure, context: LogContext): LogLine | readonly LogLine[] | undefined
  /** A request has failed, after all tries: what is said of that alone. */
  ended(failure: Failure, context: LogContext): LogLine[]
  /** A server has failed as often as it may. */
  excluded(context: LogContext): LogLine | undefined
  /** A request is beyond the rate limit. */
  limited(excess: number, context: LogContext): LogLine | undefined
  /** Something about a response, that is no failure. */
  noted(level: LogLine['level'], text: string, stage: Stage, context: LogContext): LogLine | undefined
  /** A client left before the response was complete. */
  clientLeft(context: LogContext): LogLine | undefined
  /** A client took nothing more of the response for too long. */
  clientStalled(context: LogContext): LogLine | undefined
}
