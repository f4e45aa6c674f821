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
})

export type ResolverConfig = z.output<typeof resolverSchema>
