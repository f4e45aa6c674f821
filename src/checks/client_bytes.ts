/** `{ client: plain, bytes: "= 17B" }`. One attempt that brought another number is a fail. */
import { z } from 'zod'
import { comparison, holdsWithin, inconclusive, shown } from './comparison.js'
import { checkKind, client } from './kind.js'

export const client_bytes = checkKind({
  summary: 'how many body bytes every attempt of a client brought',
  schema: z.strictObject({ client, bytes: comparison('count', 'size') }),
  evaluate(check, facts) {
    const name = `client ${check.client} bytes`
    const bytes = facts.clients.get(check.client)?.bytes
    if (!bytes) return inconclusive(name, check.bytes, 'no attempts')
    const [min, max] = [shown(check.bytes, bytes.min), shown(check.bytes, bytes.max)]
    return {
      name,
      verdict: holdsWithin(check.bytes, bytes.min, bytes.max) ? 'pass' : 'fail',
      expected: check.bytes.text,
      actual: min === max ? min : `${min} to ${max}`,
    }
  },
})
