/**
 * One request to an upstream, as a proxy's front hands it over, and what it is told of it beside the answer. The dispatcher and
 * its forwardings work with it; nothing here knows rules of forwarding.
 */
import type { Failure } from '../../core/failure.js'
import type { BalancedRequest } from '../../core/proxy/balancers/index.js'
import type { Forward } from '../../core/proxy/forward.js'
import type { Turn } from '../../core/proxy/passive_health/index.js'
import type { Server } from '../../core/proxy/server.js'
import type { TryEnd } from '../../dialects/log_line.js'
import type { Try } from '../../journal/events.js'
import type { Once } from '../exchange.js'
import type { Note } from '../reading.js'
import type { Target } from '../site.js'
import type { RequestBody } from './request_body.js'

/** One request to forward; beside undici's own options. */
export interface UpstreamRequest extends BalancedRequest {
  headers: string[]
  /** A new reader of what is left of the client's body; null for none. */
  openBody: (() => RequestBody) | null
  /** It needs a connection of its own. */
  once: Once | undefined
  /** Every try is added here as it ends, if there is a journal. */
  tries: Try[]
}

/** What `onError` is given: the failure of the request, with the server it was tried at last. */
export class UpstreamError extends Error {
  constructor(
    readonly failure: Failure,
    readonly target: Target | undefined,
    /** Nothing is to be said about it: the client's connection is closed. */
    readonly silent = false,
    /** It had been tried before that. */
    readonly retried = false,
  ) {
    super(failure.details)
  }
}

/** What the proxy is told beside the answers: its error log and its journal are made of it. */
export interface DispatcherEvents {
  /** A try failed, or there was no server for one: then there is no target. */
  failed(request: UpstreamRequest, failure: Failure, target: Target | undefined): void
  /** Something about a response is worth a line in the log, and it goes on. */
  noted(request: UpstreamRequest, note: Note, target: Target): void
  /** How a server's last try ended has consequences for it. */
  turned(request: UpstreamRequest, turned: Turn, server: Server, target: Target, by: TryEnd): void
  /** A server is another one now because of time, of a check or of what others did. */
  turnedBeside(server: Server, turned: Turn, target: Target, why: string): void
  /** It would be tried again, and may not. */
  denied(request: UpstreamRequest, how: NonNullable<Forward['denied']>): void
}
