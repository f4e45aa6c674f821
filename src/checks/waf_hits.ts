/** `{ waf: wall, rule: bots, hits: ">= 1" }`. A rule that never acted fails it: a scenario that asks wants to see it act. */
import { z } from 'zod'
import { compared, comparison } from './comparison.js'
import { checkKind, waf } from './kind.js'

export const waf_hits = checkKind({
  summary: 'how often a rule of a firewall acted; who was banned already is not among these',
  schema: z.strictObject({
    waf,
    rule: z.string().meta({ description: 'The id of a rule of that firewall' }),
    hits: comparison('count'),
  }),
  evaluate(check, facts) {
    const hits = facts.wafs.get(check.waf)?.hits.get(check.rule) ?? 0
    return compared(`waf ${check.waf} rule ${check.rule} hits`, check.hits, hits)
  },
})
