/** `{ proxy: lb, tries: "= 2" }`, or those at one of its servers: `{ proxy: lb, server: app1, tries: "<= 40%" }`. */
import { z } from 'zod'
import { compared, comparison, inconclusive } from './comparison.js'
import { checkKind, ofRequests, proxy, server } from './kind.js'
import { part } from './part.js'

const schema = z
  .strictObject({ proxy, server: server.optional(), tries: comparison('count', 'share') })
  .superRefine(({ server, tries }, context) => {
    if (server !== undefined || tries.unit !== 'share') return
    const message = `a share is one of a server: expected a count such as ">= 1", or a server; got "${tries.text}"`
    context.addIssue({ code: 'custom', path: ['tries'], message })
  })

export const proxy_tries = checkKind({
  summary: 'how many tries a proxy made at its upstream servers, or how many or which share of them at one server',
  schema,
  unknown: ofRequests,
  evaluate(check, facts) {
    const { proxy, server, tries } = check
    const all = facts.proxies.get(proxy)
    const name = `proxy ${proxy} ${server === undefined ? '' : `server ${server} `}tries`
    if (!all) return inconclusive(name, tries, 'no requests')
    if (server === undefined) return compared(name, tries, all.tries)
    return part(name, tries, facts.servers.get(proxy)?.get(server)?.tries, all.tries, 'no tries')
  },
})
