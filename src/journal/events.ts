/**
 * The vocabulary of the journal: everything that a run produces is one of these, one JSON object a line. Both engines
 * write it; metrics, checks, reports and the trace are folds over it. `t` is milliseconds since the load's start
 * (0 while hops start up). A key that is not known is absent.
 */

import type { Failure } from '../core/failure.js'
import type { EffectName } from '../core/fault/effects/index.js'
import type { TriggerName } from '../core/fault/triggers/index.js'
import type { checkResults } from '../core/proxy/health_checks/index.js'

export interface RunEvent {
  event: 'run'
  t: number
  scenario: string
  seed: number
  engine: 'live'
  version: string
  node: string
}

/** A hop is ready at this address; or the relay of a link, whose name is then that of the hop: `lb->app`. */
export interface HopEvent {
  event: 'hop'
  t: number
  hop: string
  kind: 'origin' | 'waf' | 'proxy' | 'relay'
  /** host:port */
  address: string
  /** Who stands in for a proxy, where it is a real one: `nginx 1.22.1`. */
  product?: string | undefined
}

/** The process of a hop is no more; another one may take its place, and is told as a hop again. */
export interface ExitEvent {
  event: 'exit'
  t: number
  hop: string
  pid?: number | undefined
  /** What killed it; absent when it ended by itself. */
  signal?: string | undefined
}

/** A fault took effect once, told by the hop that carried it out or, for the state of an address, by who dialled. */
export interface FaultEvent {
  event: 'fault'
  t: number
  fault: string
  hop: string
  at: TriggerName
  effect: EffectName
  /** X-Request-Id, where the moment knows one. */
  request?: string | undefined
  /** The far end of the connection, host:port. */
  peer?: string | undefined
}

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
  /** Absent when no status line was sent. */
  status?: number | undefined
  /** Body bytes that were read. */
  request_bytes: number
  outcome: ServedOutcome
  /** Until a worker took it, and in a worker until it had the lock; absent where the work was not finished. */
  queued_ms?: number | undefined
  locked_ms?: number | undefined
  /** In a worker, after that. */
  worked_ms?: number | undefined
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

/** A proxy asked the name server for an address. */
export interface LookupEvent extends Lookup {
  event: 'lookup'
  t: number
  /** Who asked. */
  hop: string
}

/** How an address was found by a name. */
export interface Lookup {
  name: string
  /** The address, or c-ares' word for what came instead: ENOTFOUND, ESERVFAIL, ETIMEOUT. */
  answer: string
  /** Absent where it was known, and may still be used. */
  ms?: number | undefined
}

/** The connection that an exchange went over. Durations are absent for what was not reached, or was done before. */
export interface ConnectionUse {
  /** host:port that was dialled. */
  address: string
  /** Our end, host:port; joins with `peer` of what the far side journaled. */
  local?: string | undefined
  /** The connection had served a request before; absent where the log of a real proxy does not tell. */
  reused?: boolean | undefined
  tls: boolean
  /** Where the address was found by its name. */
  lookup?: Lookup | undefined
  connect_ms?: number | undefined
  tls_ms?: number | undefined
}

/** One try of a proxy at one upstream server. */
export interface Try extends ConnectionUse {
  server: string
  /** Until there was room for it at a server, where it had to wait. */
  queued_ms?: number | undefined
  /** From dispatch to the end of the try. */
  ms: number
  status?: number | undefined
  response_bytes: number
  failure?: Failure | undefined
  /** Of one that failed: bytes of the request may have reached the server. */
  request_written?: boolean | undefined
}

/** One request at a proxy, from its head to its end. */
export interface ForwardEvent {
  event: 'forward'
  t: number
  hop: string
  /** The client's end of the connection, host:port. */
  peer?: string | undefined
  request: string
  method: string
  path: string
  tries: Try[]
  /** The status that was sent downstream; absent when the client had left before. */
  status?: number | undefined
  /** Why it failed; absent for what an upstream answered, whatever the status. */
  failure?: Failure | undefined
  /** A health check of a proxy in front. */
  health?: true | undefined
  /** The response was begun and cut. */
  cut?: true | undefined
  /** The client left before the response was complete, or took no more of it. */
  client_left?: true | undefined
  /** Bytes that went each way once another protocol was spoken. */
  tunnel?: { up_bytes: number; down_bytes: number } | undefined
  proxy_status?: string | undefined
  proxy_error?: string | undefined
  /** Answered from the proxy's cache: a fresh response, or a stale one in the place of a failure. */
  cache?: 'hit' | 'stale' | undefined
  ms: number
}

/** What a proxy makes of one of its servers has changed. */
export interface ServerEvent {
  event: 'server'
  t: number
  /** The proxy. */
  hop: string
  server: string
  state: ServerTurn
  /** In words, where it is not all said by the state. */
  why?: string | undefined
}

/**
 * `excluded`: over its max_fails; `recovered`: one that was excluded has served a request again; `up`, `down`,
 * `draining`: what active checks say; `joined`, `left`: the list of servers.
 */
export const serverTurns = ['excluded', 'recovered', 'up', 'down', 'draining', 'joined', 'left'] as const
export type ServerTurn = (typeof serverTurns)[number]

/** A proxy has checked one of its servers. */
export interface CheckEvent {
  event: 'check'
  t: number
  /** The proxy. */
  hop: string
  server: string
  /** X-Request-Id, where it was one of HTTP. */
  request?: string | undefined
  /** host:port that was dialled, and our end. */
  address: string
  local?: string | undefined
  result: (typeof checkResults)[number]
  status?: number | undefined
  failure?: Failure | undefined
  /** Why it did not pass, in words. */
  why?: string | undefined
  ms: number
}

/** A line of a proxy's error log, or of its access log, in the product's words. */
export interface LogEvent {
  event: 'log'
  t: number
  hop: string
  request?: string | undefined
  level: 'info' | 'notice' | 'warn' | 'error' | 'crit' | 'alert' | 'emerg' | 'access'
  line: string
}

/** One attempt of a client. */
export interface AttemptEvent extends ConnectionUse {
  event: 'attempt'
  t: number
  client: string
  request: string
  /** From 1. */
  attempt: number
  status?: number | undefined
  /** What the client itself perceived. */
  failure?: Failure | undefined
  /** The client closed the connection itself, in whatever state it was. */
  gave_up?: true | undefined
  /** The response ended before its framing said so. */
  truncated?: true | undefined
  /** Body bytes that arrived. */
  bytes: number
  /** The response's Proxy-Status and X-Proxy-Error, as received. */
  proxy_status?: string | undefined
  proxy_error?: string | undefined
  /** The policy's decision: why it goes on, or why it ends. */
  decision: string
  /** Until the next attempt. */
  wait_ms?: number | undefined
  ms: number
}

/** One request of a client's caller, with all its attempts done. */
export interface RequestEvent {
  event: 'request'
  t: number
  client: string
  request: string
  attempts: number
  ok: boolean
  status?: number | undefined
  failure?: Failure | undefined
  gave_up?: true | undefined
  /** From the intended send time to the end, waits included. */
  ms: number
}

/** How late the process's own timers were during the load, at worst: what a busy machine adds to every duration. */
export interface LagEvent {
  event: 'lag'
  t: number
  max_ms: number
}

/** Something outside the experiment went wrong: the verdict is `error`. */
export interface ErrorEvent {
  event: 'error'
  t: number
  message: string
}

export interface EndEvent {
  event: 'end'
  t: number
  interrupted?: true | undefined
}

export type JournalEvent =
  | RunEvent
  | HopEvent
  | ExitEvent
  | FaultEvent
  | ConnectionEvent
  | HelloEvent
  | LookupEvent
  | ServedEvent
  | OperationEvent
  | AcceptingEvent
  | ForwardEvent
  | ServerEvent
  | CheckEvent
  | LogEvent
  | AttemptEvent
  | RequestEvent
  | LagEvent
  | ErrorEvent
  | EndEvent

/** Where events go: a file, a fold, both, or nowhere. */
export type Journal = (event: JournalEvent) => void
