/**
 * What a gateway does with its requests, all decisions in one: pauses, the pool of exits, TLS profiles, the strategy
 * and the queue of those that wait. One `Routing` per gateway, one `Passage` per request or tunnel; live/gateway carries
 * out what they say and tells how it went. Time and draws are arguments.
 */

import { type AssignmentConfig, createAssignment } from './assignments/index.js'
import { ExitPool } from './exit_pool.js'
import type { Exit } from './exits.js'
import type { GatewayNote } from './notes.js'
import { Passage, type PassageAsk } from './passage.js'
import { Pauses } from './pauses.js'
import { ProfileChoice } from './profile_choice.js'
import { Recent } from './recent.js'
import { RetryQueue, type RetryQueueConfig } from './retry_queue.js'
import type { Shared, Step, Waiter } from './shared.js'
import { type StrategyConfig, windowOf } from './strategies/index.js'

export interface RoutingConfig {
  exits: readonly Exit[]
  assign: AssignmentConfig
  /** The usual one first; empty where the gateway never speaks TLS of its own. */
  profiles: readonly string[]
  strategy: StrategyConfig
  retry_queue: RetryQueueConfig
  per_exit?: number | undefined
}

export class Routing {
  private readonly shared: Shared

  constructor(config: RoutingConfig, tell: (note: GatewayNote) => void) {
    this.shared = {
      pool: new ExitPool(config.exits, createAssignment(config.assign), config.per_exit),
      profiles: new ProfileChoice(config.profiles),
      pauses: new Pauses(),
      recent: new Recent(windowOf(config.strategy)),
      queue: new RetryQueue(config.retry_queue),
      strategy: config.strategy,
      tell: (note) => tell(note),
    }
  }

  /** A request or tunnel has arrived; ask the passage for its first step. */
  begin(ask: PassageAsk, nowMs: number): Passage {
    return new Passage(this.shared, ask, nowMs)
  }

  /**
   * Who has waited for long enough, with what it does now. Call it at `nextMs`, and whenever a passage has ended.
   * @param draw one for each
   */
  advance(nowMs: number, draw: () => number): { passage: Waiter; step: Step }[] {
    const { queue } = this.shared
    return queue
      .take(nowMs, (passage) => passage.mayGo(nowMs))
      .map(({ item, late }) => ({ passage: item, step: late ? item.late() : item.resume(nowMs, draw()) }))
  }

  /** When to call `advance`; undefined: nobody waits. */
  nextMs(nowMs: number): number | undefined {
    const { queue, pauses } = this.shared
    return queue.nextMs(nowMs, ({ target }) => pauses.nextMs(target))
  }

  get pool(): ExitPool {
    return this.shared.pool
  }
}
