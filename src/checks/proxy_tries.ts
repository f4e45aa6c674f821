/** `{ proxy: lb, tries: "= 2" }` */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, ofRequests, proxy } from './kind.js'

export const proxy_tries = checkKind({
  summary: 'how many tries a proxy made at its upstream servers, over all requests',
  schema: z.strictObject({ proxy, tries: comparison('count') }),
  unknown: ofRequests,
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} tries`
    const seen = facts.proxies.get(check.proxy)
    return seen ? compared(name, check.tries, seen.tries) : inconclusive(name, check.tries, 'no requests')
  },
})
