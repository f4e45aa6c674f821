/** `{ proxy: lb, passed: 502, count: "= 5" }`. The upstream said so itself: Proxy-Status has received-status, no error. */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, ofRequests, proxy, status } from './kind.js'

export const proxy_passed = checkKind({
  summary: "how many of an upstream's own responses with that status a proxy passed on",
  schema: z.strictObject({ proxy, passed: status, count: comparison('count') }),
  unknown: ofRequests,
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} passed ${check.passed}`
    const seen = facts.proxies.get(check.proxy)
    if (!seen) return inconclusive(name, check.count, 'no requests')
    return compared(name, check.count, seen.passed.get(String(check.passed)) ?? 0)
  },
})
