/**
 * What is tried again: which statuses, errors and methods. `call` asks it after each attempt that failed; how often and
 * when is none of its business.
 */
import { z } from 'zod'
import { token } from '../../lib/http_text.js'
import { errorTypeNames } from '../error_types.js'
import type { Outcome } from './outcome.js'

/** RFC 9110 section 9.2.2: only these may be repeated without knowing what the first did. */
const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']
/** The statuses that say "not this time": a gateway's own, and 429. */
const TRANSIENT = [429, 502, 503, 504]

/** Below 400 is a success, which nobody repeats. */
const status = z.union([z.int().min(400).max(599), z.enum(['4xx', '5xx'])])
const method = token('a method, or all')

/** One in the published JSON Schema, whoever takes it: hence the id. */
export const whenSchema = z
  .strictObject({
    statuses: z.array(status).default(TRANSIENT).meta({ description: 'After these statuses: numbers, 4xx or 5xx' }),
    errors: z
      .array(z.enum(['all', ...errorTypeNames]))
      .default(['all'])
      .meta({ description: 'After these failures: types of RFC 9209 as the client perceives them, or all' }),
    methods: z
      .array(method)
      .default(IDEMPOTENT)
      .meta({ description: 'Requests with these methods, or all; one with an idempotency key always' }),
  })
  .meta({ id: 'retry_when' })

export type When = z.output<typeof whenSchema>

/** What the policy may know of a request. */
export interface ScopedRequest {
  method: string
  /** It carries a key by which the server tells a repetition: then any method may be repeated. */
  keyed?: boolean
}

/** May the request be sent again after that, as far as the policy's scope goes? */
export function retryable(when: When, { method, keyed = false }: ScopedRequest, outcome: Outcome): boolean {
  if (!keyed && !when.methods.includes('all') && !when.methods.includes(method)) return false
  if (outcome.failure) return when.errors.includes('all') || when.errors.includes(outcome.failure.type)
  const { status = 0 } = outcome
  return when.statuses.some((one) =>
    typeof one === 'number' ? one === status : one === `${Math.floor(status / 100)}xx`,
  )
}
