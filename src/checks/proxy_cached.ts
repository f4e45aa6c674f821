/** `{ proxy: lb, cached: stale, count: "= 5" }` */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, ofRequests, proxy } from './kind.js'

export const proxy_cached = checkKind({
  summary: 'how many requests a proxy answered from its cache: fresh, or stale in the place of a failure',
  schema: z.strictObject({
    proxy,
    cached: z.enum(['hit', 'stale']).meta({ description: 'Fresh, or stale in the place of a failure' }),
    count: comparison('count'),
  }),
  unknown: ofRequests,
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} cached ${check.cached}`
    const seen = facts.proxies.get(check.proxy)
    if (!seen) return inconclusive(name, check.count, 'no requests')
    return compared(name, check.count, seen.cached.get(check.cached) ?? 0)
  },
})
