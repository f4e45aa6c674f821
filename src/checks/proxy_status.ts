/** `{ proxy: lb, status: 502, count: "= 5" }` */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, ofRequests, proxy, status } from './kind.js'

export const proxy_status = checkKind({
  summary: 'how many requests a proxy answered with that status',
  schema: z.strictObject({ proxy, status, count: comparison('count') }),
  unknown: ofRequests,
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} status ${check.status}`
    const seen = facts.proxies.get(check.proxy)
    if (!seen) return inconclusive(name, check.count, 'no requests')
    return compared(name, check.count, seen.statuses.get(String(check.status)) ?? 0)
  },
})
