/** `{ waf: wall, scope: address, banned: ">= 1" }`. */
import { z } from 'zod'
import { compared, comparison } from './comparison.js'
import { checkKind, waf } from './kind.js'
import { banScope } from './waf_bans.js'

export const waf_banned = checkKind({
  summary: 'how many connections and requests a ban of that scope stopped at a firewall',
  schema: z.strictObject({ waf, scope: banScope, banned: comparison('count') }),
  evaluate(check, facts) {
    const banned = facts.wafs.get(check.waf)?.banned.get(check.scope) ?? 0
    return compared(`waf ${check.waf} stopped by a ban of ${check.scope}`, check.banned, banned)
  },
})
