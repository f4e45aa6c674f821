/** What clients do: attempts, requests, a load as a whole. Part of the vocabulary in events.ts. */
import type { Failure } from '../../core/failure.js'
import type { Blame } from '../../core/who_failed.js'
import type { ConnectionUse } from './proxy.js'

/** One attempt of a client. */
export interface AttemptEvent extends ConnectionUse {
  event: 'attempt'
  t: number
  client: string
  request: string
  /** Of a client that is many: the one it belongs to, from 0. */
  instance?: number | undefined
  /** From 1. */
  attempt: number
  /** Sent beside one that was still on its way. */
  hedge?: true | undefined
  /** Sent to the hop that is asked when the usual one failed. */
  fallback?: true | undefined
  status?: number | undefined
  /** What the client itself perceived. */
  failure?: Failure | undefined
  /** The client closed the connection itself, in whatever state it was. */
  gave_up?: true | undefined
  /** It did so because nobody waited for it any more: another attempt had brought the answer, or time was up. */
  cancelled?: true | undefined
  /** The response ended before its framing said so. */
  truncated?: true | undefined
  /** Body bytes that arrived. */
  bytes: number
  /** The response's Proxy-Status and X-Proxy-Error, as received. */
  proxy_status?: string | undefined
  proxy_error?: string | undefined
  /** The exit that it went through, as the gateway says (X-Exit-Node). */
  exit?: string | undefined
  /** The response's Server header, as received; and of one that failed, which layer its headers say it was. */
  server?: string | undefined
  blame?: Blame | undefined
  /** The response's Retry-After, as received. */
  retry_after?: string | undefined
  /** The policy's decision: why it goes on, or why it ends. */
  decision: string
  /** Until the next attempt. */
  wait_ms?: number | undefined
  /** From its start to its end: it began at `t - ms`. */
  ms: number
}

/** One request of a client's caller, with all its attempts done. */
export interface RequestEvent {
  event: 'request'
  t: number
  client: string
  request: string
  /** Of a client that is many: the one it belongs to, from 0. */
  instance?: number | undefined
  /** Those that were sent; 0 where an admission let none go. */
  attempts: number
  ok: boolean
  status?: number | undefined
  failure?: Failure | undefined
  gave_up?: true | undefined
  /** Which admission let no further attempt go: its word. */
  refused?: string | undefined
  /** Attempts that were not sent, because the health check before them was not ok. */
  unhealthy?: number | undefined
  /** Why it ended, in a word: `success`, `attempts_exhausted`, `deadline`, … */
  why?: string | undefined
  /** When it was meant to be sent, in milliseconds since the load's start. */
  intended?: number | undefined
  /** How much later than that its first attempt was sent. */
  start_delay_ms?: number | undefined
  /** From the intended send time to the end, waits included. */
  ms: number
}

/** The account of an open load, at its end: whether it was the one that was asked for. */
export interface LoadEvent {
  event: 'load'
  t: number
  client: string
  /** Requests that were to be sent, that were, and of these in time (core/client/punctuality.ts). */
  asked: number
  sent: number
  in_time: number
  /** Per second. */
  rate_asked: number
  rate_reached: number
  /** How much later than meant requests were begun. */
  start_delay_p50_ms: number
  start_delay_p99_ms: number
  start_delay_max_ms: number
  /** Why the load was not the one that was asked for, in words. */
  cannot?: string | undefined
}

/** What a load came to that only keeps connections busy (`saturate`). Its requests are `background` elsewhere. */
export interface SaturationEvent {
  event: 'saturation'
  t: number
  client: string
  connections: number
  sent: number
  answered: number
  /** Of what was answered: { "200": 3 }. */
  statuses: Record<string, number>
  /** Connections that ended with an error, and timeouts. */
  errors: number
  /** Answers per second. */
  rate_reached: number
  /** From the moment of sending: a closed load, whose requests wait for each other. */
  latency_p50_ms: number
  latency_p99_ms: number
  ms: number
}
