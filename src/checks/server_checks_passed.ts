/** `{ proxy: lb, server: app1, checks_passed: ">= 90%" }`: of its health checks; what requests say is `tries_failed`. */
import { z } from 'zod'
import { comparison } from './comparison.js'
import { checkKind, ofRequests, proxy, server } from './kind.js'
import { part } from './part.js'

export const server_checks_passed = checkKind({
  summary: 'how many of a proxy’s health checks of a server passed, or which share',
  schema: z.strictObject({ proxy, server, checks_passed: comparison('count', 'share') }),
  unknown(check, stranger) {
    if (check.proxy !== stranger.hop || stranger.tells.checks !== false) return ofRequests(check, stranger)
    return { why: `${stranger.name} tells nothing of single health checks` }
  },
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} server ${check.server} checks_passed`
    const seen = facts.servers.get(check.proxy)?.get(check.server)
    return part(name, check.checks_passed, seen?.checks_passed, seen?.checks, 'no checks')
  },
})
