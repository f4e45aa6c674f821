/** What the passages of a gateway share, and what each of them does next. routing.ts makes it. */
import type { Failure } from '../failure.js'
import type { ExitPool } from './exit_pool.js'
import type { Exit } from './exits.js'
import type { GatewayNote } from './notes.js'
import type { Pauses } from './pauses.js'
import type { ProfileChoice } from './profile_choice.js'
import type { Recent } from './recent.js'
import type { RetryQueue } from './retry_queue.js'
import type { StrategyConfig } from './strategies/index.js'

export interface Shared {
  readonly pool: ExitPool
  readonly profiles: ProfileChoice
  readonly pauses: Pauses
  readonly recent: Recent
  readonly queue: RetryQueue<Waiter>
  readonly strategy: StrategyConfig
  tell(note: GatewayNote): void
}

/** A passage, as the queue knows it. */
export interface Waiter {
  readonly target: string
  /** As far as pauses go. Whom it lets through must go on at once. */
  mayGo(nowMs: number): boolean
  /** The wait is over. @param draw in [0, 1) */
  resume(nowMs: number, draw: number): Step
  /** It has waited until its deadline. */
  late(): Step
}

export type Step =
  | { do: 'try'; exit: Exit; profile: string }
  /** `Routing.advance` says when it goes on. */
  | { do: 'wait' }
  /** With its own failure; without, what the last try came to is the answer. */
  | { do: 'answer'; failure?: Failure }
