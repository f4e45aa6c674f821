/** `{ proxy: lb, cut: ">= 1" }` */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, ofRequests, proxy } from './kind.js'

export const proxy_cut = checkKind({
  summary: 'how many responses a proxy began and then cut',
  schema: z.strictObject({ proxy, cut: comparison('count') }),
  unknown: ofRequests,
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} cut`
    const seen = facts.proxies.get(check.proxy)
    return seen ? compared(name, check.cut, seen.cut) : inconclusive(name, check.cut, 'no requests')
  },
})
