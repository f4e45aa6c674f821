/** What a scenario can tell a client: whom to ask for what, how often, and what to do when it fails. */
import { z } from 'zod'
import { arrivalKinds } from '../core/client/arrivals.js'
import { policies } from '../core/client/policies/index.js'
import { duration, rate } from '../lib/quantity.js'
import { kindSchema } from '../lib/registry.js'

const name = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected a token of HTTP')

const loadSchema = z.union([
  z.strictObject({
    requests: z.int().min(1).max(10_000_000).meta({ description: 'So many in all, each when the one before is done' }),
    concurrency: z.int().min(1).max(10_000).default(1).meta({ description: 'So many callers share them' }),
  }),
  z.strictObject({
    rate: rate().meta({ description: 'So many per second, whatever becomes of them' }),
    for: duration(),
    arrivals: z.enum(arrivalKinds).default('constant'),
  }),
])

export const clientSchema = z.strictObject({
  to: z.string().meta({ description: 'The hop it asks' }),
  load: loadSchema.prefault({ requests: 1 }),
  request: z
    .strictObject({
      method: name.default('GET'),
      path: z.string().regex(/^\//, 'expected a path that starts with /').default('/'),
      headers: z.record(name, z.string()).default({}),
      body: z.string().optional(),
    })
    .prefault({}),
  retry: kindSchema(policies, 'retry policy').prefault('none'),
  timeout: duration().prefault('60s').meta({ description: 'When it gives up waiting for the next byte' }),
  keep_alive: z.boolean().default(true).meta({ description: 'Use a connection again' }),
})

export type ClientConfig = z.output<typeof clientSchema>
