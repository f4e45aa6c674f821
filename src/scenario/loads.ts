/** How much a client sends, and when: a number of requests, an open load, users, or as much as goes through. */
import { z } from 'zod'
import { arrivalKinds, intendedRequests } from '../core/client/arrivals.js'
import { shapes } from '../core/client/shapes/index.js'
import { distributionSchema } from '../lib/distribution.js'
import { duration, rate } from '../lib/quantity.js'
import { kindSchema } from '../lib/registry.js'

const arrivals = z
  .enum(arrivalKinds)
  .default('constant')
  .meta({ description: 'At even distances, or as independent callers come' })

const shaped = z
  .strictObject({
    shape: kindSchema(shapes, 'load shape').meta({
      description: 'How the rate changes, whatever becomes of the requests',
    }),
    for: duration(),
    arrivals,
  })
  .superRefine(({ shape, for: forMs }, { addIssue }) => {
    const wrong = (key: string, message: string) => addIssue({ code: 'custom', path: ['shape', key], message })
    if (shape.type === 'spike' && shape.at >= forMs) wrong('at', 'expected a time before the end of the load')
    else if (intendedRequests({ shape, for: forMs, arrivals: 'constant' }) === 0)
      addIssue({ code: 'custom', path: ['shape'], message: 'expected a rate above 0/s at some time of the load' })
  })

export const loadSchema = z.union([
  z.strictObject({
    requests: z.int().min(1).max(10_000_000).meta({ description: 'So many in all, each when the one before is done' }),
    concurrency: z.int().min(1).max(10_000).default(1).meta({ description: 'So many callers share them' }),
  }),
  z.strictObject({
    rate: rate().meta({ description: 'So many per second, whatever becomes of them' }),
    for: duration(),
    arrivals,
  }),
  shaped,
  z.strictObject({
    users: z.int().min(1).max(10_000).meta({
      description: 'So many, each sends its next request when it has the answer to the one before',
    }),
    for: duration(),
    think: distributionSchema
      .prefault('0ms')
      .meta({ description: 'What a user waits between answer and next request' }),
  }),
  z.strictObject({
    saturate: z.int().min(1).max(10_000).meta({
      description: 'So many connections kept busy by autocannon, in the background: what it sends is not measured',
    }),
    for: duration(),
    pipelining: z.int().min(1).max(100).default(1).meta({ description: 'Requests under way on each connection' }),
  }),
])
