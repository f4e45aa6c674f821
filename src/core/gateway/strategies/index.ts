/** Strategies: what a gateway does about a try that failed. One file each. */
import type { KindOf } from '../../../lib/registry.js'
import { blind } from './blind.js'
import { context_aware } from './context_aware.js'
import { none } from './none.js'
import { rotate } from './rotate.js'
import type { Decision, StrategyFacts } from './strategy.js'

export type { Decision, NextExit, StrategyFacts } from './strategy.js'

export const strategies = {
  none,
  blind,
  rotate,
  context_aware,
}

export type StrategyConfig = KindOf<typeof strategies>

export function decide(config: StrategyConfig, facts: StrategyFacts): Decision {
  const kind = strategies[config.type] as { decide(config: StrategyConfig, facts: StrategyFacts): Decision }
  return kind.decide(config, facts)
}

/** How far back a strategy looks. */
export const windowOf = (config: StrategyConfig): number => ('window' in config ? config.window : 60_000)
