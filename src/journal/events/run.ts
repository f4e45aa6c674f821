/** What happens to a run and its hops, faults among it. Part of the vocabulary in events.ts. */
import type { EffectName } from '../../core/fault/effects/index.js'
import type { TriggerName } from '../../core/fault/triggers/index.js'

export interface RunEvent {
  event: 'run'
  t: number
  scenario: string
  seed: number
  /** Whose turn begins, where clients run in turn: `t` counts from its own start until the next event of this kind. */
  client?: string | undefined
  engine: 'live'
  version: string
  node: string
}

/** A hop is ready at this address; or the relay of a link, whose name is then that of the hop: `lb->app`. */
export interface HopEvent {
  event: 'hop'
  t: number
  hop: string
  kind: 'origin' | 'waf' | 'proxy' | 'gateway' | 'relay'
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

/** How late four of the process's own timers in a row were during the load, at worst: what a busy machine adds to a request. */
export interface LagEvent {
  event: 'lag'
  t: number
  max_ms: number
}

/** What a run cost the thread that all its clients run in, told when their load is over. No hop is in that thread. */
export interface ThreadEvent {
  event: 'thread'
  t: number
  /** How late its timers were: 99th percentile, of one that is due every 5 ms, whether the loop was busy then or not. */
  delay_p99_ms: number
  /**
   * Heap in use after full garbage collections, in KB: when nobody ran, those during the load, and one when it was over,
   * each with the attempts that had failed by then. Absent after few failures (`FEWEST_FAILURES`), and as below.
   */
  heap?: [failed: number, kb: number][]
  /** Over those before the load. Absent where clients of other scenarios were in the thread. */
  timers?: number
  sockets?: number
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
