/** What gateways decide of tries that failed, and what they keep from use. Part of the vocabulary in events.ts. */

/** What a gateway made of a failed try, written once it is known what came of it. */
export interface DecisionEvent {
  event: 'decision'
  t: number
  /** The gateway. */
  hop: string
  request: string
  /** The destination by the name and port that were asked for. */
  target: string
  exit: string
  /** The TLS profile it spoke; absent where it spoke no TLS itself. */
  profile?: string | undefined
  /** The number of the try, from 1. */
  n: number
  /** The status that the failure would be answered with. */
  failed_status?: number | undefined
  /** Why it failed: `tcp_connection_reset`. */
  failure: string
  /** What that was taken for: `waf_stealth_block`. */
  heuristic: string
  /** What was done about it: `rotate_ip_and_fingerprint`. */
  strategy: string
  /** The exit went into quarantine. */
  quarantined?: true | undefined
  /** How the try ended that came of it; absent where there was none. */
  status?: number | undefined
}

/** A target gets nothing through this exit, or with this TLS profile, for a while. */
export interface QuarantineEvent {
  event: 'quarantine'
  t: number
  /** The gateway. */
  hop: string
  target: string
  /** One of the two. */
  exit?: string | undefined
  profile?: string | undefined
  for_ms: number
  why: string
  /** Blocks lately, per exit that is left for this target. */
  burn_rate: number
}

/** A gateway sends nothing to a target any more, or again. */
export interface PauseEvent {
  event: 'pause'
  t: number
  /** The gateway. */
  hop: string
  target: string
  state: 'paused' | 'resumed'
  why: string
}
