/** `{ gateway: gw, taken_for: waf_stealth_block, count: ">= 1" }`: what a gateway thought, not what it did about it. */
import { z } from 'zod'
import { type Heuristic, heuristics } from '../core/gateway/signs.js'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, gateway } from './kind.js'

export const gateway_taken_for = checkKind({
  summary: 'how often a gateway took a failed try for that',
  schema: z.strictObject({
    gateway,
    taken_for: z
      .enum(Object.keys(heuristics) as [Heuristic, ...Heuristic[]])
      .meta({ description: 'What it took the failure for' }),
    count: comparison('count'),
  }),
  evaluate(check, facts) {
    const name = `gateway ${check.gateway} taken for ${check.taken_for}`
    const known = facts.gateways.get(check.gateway)
    if (!known) return inconclusive(name, check.count, 'no requests')
    return compared(name, check.count, known.heuristics.get(check.taken_for) ?? 0)
  },
})
