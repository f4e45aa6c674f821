/** `{ client: plain, server_header: edge-example, count: "= 3" }` */
import { z } from 'zod'
import { comparison, inconclusive } from './comparison.js'
import { containing } from './containing.js'
import { checkKind, client } from './kind.js'

export const client_server_header = checkKind({
  summary: 'how many attempts of a client got a response with that Server header',
  schema: z.strictObject({
    client,
    server_header: z.string().min(1).meta({ description: 'The whole value, such as edge' }),
    count: comparison('count'),
  }),
  evaluate(check, facts) {
    const name = `client ${check.client} server header "${check.server_header}"`
    const seen = facts.clients.get(check.client)
    if (!seen?.metrics.attempts) return inconclusive(name, check.count, 'no attempts')
    return containing(name, check.count, seen.servers, (server) => server === check.server_header)
  },
})
