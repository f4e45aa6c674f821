/** How long a proxy keeps connections to a server, and how many; nginx's words and, but for `connections`, defaults. */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'

export const keepaliveSchema = z.strictObject({
  connections: z.int().min(0).max(100_000).default(1024).meta({ description: 'Idle ones that are kept; 0 keeps none' }),
  idle: duration().prefault('60s').meta({ description: 'How long one is kept without a request' }),
  requests: z.int().min(1).default(1000).meta({ description: 'Requests that one serves' }),
})

export type KeepaliveConfig = z.output<typeof keepaliveSchema>
