/** `{ proxy: lb, server: app1, tries_failed: "<= 5%" }`: of requests; what health checks say is `checks_passed`. */
import { z } from 'zod'
import { comparison } from './comparison.js'
import { checkKind, ofRequests, proxy, server } from './kind.js'
import { part } from './part.js'

export const server_tries_failed = checkKind({
  summary: 'how many tries at a server failed or were answered with 5xx, or which share of its tries',
  schema: z.strictObject({ proxy, server, tries_failed: comparison('count', 'share') }),
  unknown: ofRequests,
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} server ${check.server} tries_failed`
    const seen = facts.servers.get(check.proxy)?.get(check.server)
    return part(name, check.tries_failed, seen?.tries_failed, seen?.tries, 'no tries')
  },
})
