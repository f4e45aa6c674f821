/** What a scenario can tell a client: whom to ask for what, how often, and what to do when it fails. */
import { z } from 'zod'

import { admissions } from '../core/client/admission/index.js'
import { hedgeSchema } from '../core/client/hedge.js'
import { pacers } from '../core/client/pacing/index.js'

import { policies } from '../core/client/policies/index.js'
import { dialTlsSchema } from '../core/tls.js'
import { fields, path, token } from '../lib/http_text.js'
import { duration, size } from '../lib/quantity.js'
import { kindSchema } from '../lib/registry.js'
import { loadSchema } from './loads.js'
import { sourceAddress } from './source_address.js'
import { throughSchema } from './through.js'

export const requestSchema = z.strictObject({
  method: token().default('GET'),
  path: path().default('/'),
  headers: fields(),
  body: z.string().optional().meta({ description: 'The body as it stands' }),
  size: size().optional().meta({ description: 'A body of that size instead' }),
  framing: z
    .enum(['content-length', 'chunked'])
    .default('content-length')
    .meta({ description: 'How the end of the body is told' }),
  upgrade: z
    .enum(['websocket'])
    .optional()
    .meta({ description: 'Ask for another protocol; in it the body is sent as one message, and its echo awaited' }),
  idempotency_key: z.boolean().default(false).meta({
    description:
      'Send Idempotency-Key: the id of the request, the same with every attempt; then any method may be tried again',
  }),
  raw: z
    .string()
    .min(1)
    .refine(
      (bytes) => Buffer.from(bytes, 'latin1').toString('latin1') === bytes,
      'expected bytes: no character above \\xff',
    )
    .optional()
    .meta({ description: 'The whole request, a byte a character, instead of all else; on a connection of its own' }),
})

export const clientSchema = z.strictObject({
  to: z.string().meta({ description: 'The hop it asks' }),
  through: throughSchema.optional().meta({ description: 'The gateway that it asks it through; straight if absent' }),
  instances: z.int().min(1).max(10_000).default(1).meta({
    description:
      'So many independent clients, each with its own connections and policy state; they share the load evenly',
  }),
  load: loadSchema.prefault({ requests: 1 }),
  connections: z
    .int()
    .min(1)
    .max(100_000)
    .default(10_000)
    .meta({ description: 'The most connections that may be open at once, of all instances; more is an error' }),
  request: requestSchema.prefault({}),
  tls: dialTlsSchema.prefault({}).meta({ description: 'How it speaks TLS, where the hop that it asks does' }),
  retry: kindSchema(policies, 'retry policy').prefault('none'),
  admission: z
    .array(kindSchema(admissions, 'admission'))
    .default([])
    .meta({ description: 'What must agree to an attempt' }),
  hedge: hedgeSchema.optional().meta({ description: 'Another attempt beside one that is slow; none if absent' }),
  health_first: z
    .strictObject({ path: path() })
    .optional()
    .meta({ description: 'Ask that before each attempt: where it is not ok, the attempt has failed and is not sent' }),
  fallback: z
    .strictObject({ to: z.string().meta({ description: 'The hop' }) })
    .optional()
    .meta({ description: 'One more attempt, at another hop, where a request would end with a failure' }),
  pacing: kindSchema(pacers, 'pacing').optional().meta({ description: 'When its requests may begin' }),
  timeout: duration().prefault('60s').meta({ description: 'When it gives up waiting for the next byte' }),
  gives_up: duration()
    .optional()
    .meta({ description: 'So long after sending it closes the connection, whatever its state, and is gone' }),
  hold: duration()
    .prefault('0ms')
    .meta({ description: 'So long it keeps the connection of an answered request to itself, unused' }),
  source: sourceAddress(),
  keep_alive: z.boolean().default(true).meta({ description: 'Use a connection again' }),
})

export type ClientConfig = z.output<typeof clientSchema>
