/** How a proxy finds the addresses of its upstreams by their names, as the scenario sets it. */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'

export const resolverSchema = z.strictObject({
  timeout: duration().prefault('2s').meta({ description: 'For each try' }),
  tries: z
    .int()
    .min(1)
    .max(10)
    .default(3)
    .meta({ description: 'How often it asks while the name server does not answer, or fails' }),
  cache: z.boolean().default(true).meta({
    description: 'Keep an answer as long as it says; false: ask for each connection, as programs in Go do',
  }),
  ipv6: z.boolean().default(false).meta({
    description: 'Ask for addresses of IPv6 (AAAA) as well, just before; there are none, and connections go to IPv4',
  }),
})

export type ResolverConfig = z.output<typeof resolverSchema>
