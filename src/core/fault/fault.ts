/** A fault as a scenario writes it: where, at which moment, what happens, and which occasions it selects. */
import { z } from 'zod'
import { duration, share } from '../../lib/quantity.js'
import { kindSchema } from '../../lib/registry.js'
import { pattern } from '../pattern.js'
import { effects } from './effects/index.js'
import { rateOverSchema } from './rate.js'
import { triggers } from './triggers/index.js'

const count = (what: string) => z.int().min(1).meta({ description: what })

/** What an occasion must look like; every key given must match. */
export const matchSchema = z.strictObject({
  method: pattern('The request method, such as GET').optional(),
  path: pattern('The request target with its query, such as /api/*').optional(),
  header: z.record(z.string(), pattern('The value of that request header')).optional(),
  source: pattern('The address that the connection comes from, such as 127.0.0.9').optional(),
  ordinal: count('The n-th request of its connection, from 1').optional(),
  ja3: pattern('JA3 of the ClientHello').optional(),
  ja4: pattern('JA4 of the ClientHello').optional(),
  sni: pattern('Server name in the ClientHello').optional(),
})

export const faultSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]*$/, 'expected lower-case letters, digits, - and _')
    .meta({
      description: 'The name that expectations, reports and the journal use',
    }),
  on: z
    .string()
    .transform((place) => place.replace(/\s*->\s*/, '->'))
    .meta({ description: 'The hop that misbehaves, or the link between two: lb->app' }),
  at: kindSchema(triggers, 'trigger').meta({ description: 'The moment at which it happens' }),
  effect: kindSchema(effects, 'effect').meta({ description: 'What happens then' }),
  first: count('Only the first n occasions that match').optional(),
  after: count('Not the first n occasions that match').optional(),
  sequence: z
    .array(z.enum(['fault', 'pass']))
    .min(1)
    .meta({ description: 'What the occasions that match get, one after the other; then they pass' })
    .optional(),
  per: z.enum(['all', 'client', 'request']).default('all').meta({
    description:
      'What first, after and sequence count: all occasions that match, those of each client, or the attempts of each request',
  }),
  probability: share().meta({ description: 'The share of the occasions that match, drawn by the seed' }).optional(),
  window: z
    .strictObject({ from: duration().prefault('0ms'), to: duration().optional() })
    .meta({ description: 'From when until when, counted from the start of the load' })
    .optional(),
  flapping: z
    .strictObject({
      every: duration()
        .refine((ms) => ms >= 1, 'expected at least 1ms')
        .meta({ description: 'How long each slot lasts, the first from the start of the load' }),
      share: share().prefault('50%').meta({ description: 'The share of the slots in which it is there' }),
    })
    .meta({ description: 'It comes and goes: in each slot of time it is there or not, drawn by the seed' })
    .optional(),
  rate_over: rateOverSchema
    .meta({ description: 'Only those of the occasions that match which are above that rate' })
    .optional(),
  match: matchSchema.optional(),
})

export type Fault = z.output<typeof faultSchema>
export type Match = z.output<typeof matchSchema>
