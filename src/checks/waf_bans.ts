/** `{ waf: wall, scope: subnet, bans: "= 1" }`. */
import { z } from 'zod'
import { banScopes } from '../core/waf/rule.js'
import { compared, comparison } from './comparison.js'
import { checkKind, waf } from './kind.js'

export const banScope = z.enum(banScopes).meta({ description: 'Whom it banned' })

export const waf_bans = checkKind({
  summary: 'how many bans a firewall began: of a fingerprint on an address, of an address, of its /24',
  schema: z.strictObject({ waf, scope: banScope, bans: comparison('count') }),
  evaluate(check, facts) {
    const bans = facts.wafs.get(check.waf)?.bans.get(check.scope) ?? 0
    return compared(`waf ${check.waf} bans of ${check.scope}`, check.bans, bans)
  },
})
