/** `{ gateway: gw, decided: rotate_ip_and_fingerprint, count: ">= 1" }`. */
import { z } from 'zod'
import { type StrategyWord, strategyWords } from '../core/gateway/strategies/strategy.js'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, gateway } from './kind.js'

export const gateway_decided = checkKind({
  summary: 'how often a gateway did that about a failed try',
  schema: z.strictObject({
    gateway,
    decided: z
      .enum(Object.keys(strategyWords) as [StrategyWord, ...StrategyWord[]])
      .meta({ description: 'What it did' }),
    count: comparison('count'),
  }),
  evaluate(check, facts) {
    const name = `gateway ${check.gateway} decided ${check.decided}`
    const known = facts.gateways.get(check.gateway)
    if (!known) return inconclusive(name, check.count, 'no requests')
    return compared(name, check.count, known.strategies.get(check.decided) ?? 0)
  },
})
