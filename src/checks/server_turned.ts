/** `{ proxy: lb, server: app1, turned: down, count: "= 1" }`. None is a finding: nobody noticed that it was not well. */
import { z } from 'zod'
import { serverTurns } from '../journal/events.js'
import { compared, comparison } from './comparison.js'
import { checkKind, countOf, ofRequests, proxy, server } from './kind.js'

export const server_turned = checkKind({
  summary: 'how often a server became that for a proxy: excluded, recovered, up, down, draining, joined or left',
  schema: z.strictObject({
    proxy,
    server,
    turned: z.enum(serverTurns).meta({ description: 'What it became' }),
    count: comparison('count'),
  }),
  unknown: ofRequests,
  evaluate(check, facts) {
    const name = `proxy ${check.proxy} server ${check.server} turned ${check.turned}`
    const turns = facts.servers.get(check.proxy)?.get(check.server)?.turns ?? {}
    return compared(name, check.count, countOf(turns, check.turned))
  },
})
