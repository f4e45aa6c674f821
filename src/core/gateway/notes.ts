/** What a gateway's routing tells of itself while it decides: the journal has an event for each. */
import type { Heuristic } from './signs.js'
import type { StrategyWord } from './strategies/strategy.js'

/** What was made of a failed try, and how the try ended that came of it. */
export interface DecisionNote {
  note: 'decision'
  request: string
  target: string
  exit: string
  profile: string
  /** The number of the try that failed, from 1. */
  n: number
  /** The status that it would have been answered with. */
  failed_status?: number
  /** Why it failed, in a word such as `tcp_connection_reset`. */
  failure: string
  heuristic: Heuristic
  strategy: StrategyWord
  /** The exit went into quarantine. */
  quarantined: boolean
  /** Of the try that came of it; absent where there was none. */
  status?: number
}

export interface QuarantineNote {
  note: 'quarantine'
  target: string
  /** One of the two. */
  exit?: string
  profile?: string
  for_ms: number
  why: Heuristic
  /** Blocks lately, per exit that is left; see `burnRate`. */
  burn_rate: number
}

export interface PauseNote {
  note: 'pause'
  target: string
  state: 'paused' | 'resumed'
  why: Heuristic | 'probe_passed'
  /** Of a pause: so long before it the first of the failures was that led to it. */
  since_ms?: number
}

export type GatewayNote = DecisionNote | QuarantineNote | PauseNote
