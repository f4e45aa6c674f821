/** `{ proxy: lb, client_left: "= 3" }`: what nginx logs with status 499. */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, ofRequests, proxy } from './kind.js'

export const proxy_client_left = checkKind({
  summary: 'how many requests of a proxy lost their client before the response was complete (499 in nginx’s log)',
  schema: z.strictObject({ proxy, client_left: comparison('count') }),
  unknown: ofRequests,
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} client_left`
    const seen = facts.proxies.get(check.proxy)
    return seen
      ? compared(name, check.client_left, seen.clientLeft)
      : inconclusive(name, check.client_left, 'no requests')
  },
})
