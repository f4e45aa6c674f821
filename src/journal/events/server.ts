/** What servers see: connections, and the requests that an origin read. Part of the vocabulary in events.ts. */
import type { ActionName } from '../../core/waf/actions.js'
import type { BanScope } from '../../core/waf/rule.js'

/** A server hop accepted a connection. */
export interface ConnectionEvent {
  event: 'connection'
  t: number
  hop: string
  peer: string
}

/** A server hop read a ClientHello, before any handshake. */
export interface HelloEvent {
  event: 'hello'
  t: number
  hop: string
  peer: string
  ja3: string
  ja4: string
  sni?: string | undefined
}

/** A firewall's rule, or a ban, decided on a connection or a request; what no rule names passes without a word. */
export interface WafEvent {
  event: 'waf'
  t: number
  hop: string
  peer: string
  /** The rule that matched, or the one that led to the ban. */
  rule: string
  action: ActionName
  /** The status of the response of the firewall's own. */
  status?: number | undefined
  /** X-Request-Id; absent where it decided on the connection. */
  request?: string | undefined
  /** It was banned already: which ban decided. */
  banned?: BanScope | undefined
  /** The ban that begins with it. */
  ban?: { scope: BanScope; key: string; for_ms: number } | undefined
}

/** A request that an origin read: what the server saw, whatever a client or proxy believes. */
export interface ServedEvent {
  event: 'served'
  t: number
  hop: string
  peer: string
  request: string
  method: string
  path: string
  /** The n-th request of its connection, from 1. */
  ordinal: number
  /** A health check, or asked for the health page; not part of the work. */
  health?: true | undefined
  /** It only loads the machine (`saturate`); not part of the work. */
  background?: true | undefined
  /** Absent when no status line was sent. */
  status?: number | undefined
  /** Body bytes that were read. */
  request_bytes: number
  /** The body as text, as far as the origin keeps it. */
  request_body?: string | undefined
  /** CRC-32 of the body, where it was read to its end: 0 for none. */
  body_crc?: number | undefined
  outcome: ServedOutcome
  /** The Retry-After that was sent, as it stands there. */
  retry_after?: string | undefined
  /** What of that was left at `t`, since the response was begun earlier; absent where it says nothing (RFC 9110 section 10.2.3). */
  retry_after_ms?: number | undefined
  /** Until a worker took it, and in a worker until it had the lock; absent where the work was not finished. */
  queued_ms?: number | undefined
  locked_ms?: number | undefined
  /** In a worker, after that. */
  worked_ms?: number | undefined
  /** From the request's head to the end: it arrived at `t - ms`. */
  ms: number
}

/** An origin did what a request asks for: told apart from `served`, since the work may outlive the request. */
export interface OperationEvent {
  event: 'operation'
  t: number
  hop: string
  request: string
  /** The key that names the operation. */
  key: string
  /** The n-th time that it was applied; 0: it had been before, and is only answered. */
  applied: number
}

/**
 * `answered`: in full; `faulted`: a fault took it; `aborted`: the peer left first; `wasted`: the peer left, and the work
 * was finished all the same; `shed`: turned away, for want of a worker; `refused`: turned away for its framing.
 */
export const servedOutcomes = ['answered', 'faulted', 'aborted', 'wasted', 'shed', 'refused'] as const
export type ServedOutcome = (typeof servedOutcomes)[number]

/** A server hop stops accepting connections, or begins again. */
export interface AcceptingEvent {
  event: 'accepting'
  t: number
  hop: string
  accepting: boolean
}
