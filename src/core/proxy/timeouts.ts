/** The limits of a proxy towards its upstreams, as the scenario sets them. */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'

export const timeoutsSchema = z.strictObject({
  connect: duration()
    .prefault('60s')
    .meta({ description: 'For the TCP handshake, and once more for the TLS handshake' }),
  send: duration().prefault('60s').meta({ description: 'Between two successful writes of the request' }),
  read: duration().prefault('60s').meta({ description: 'Between two arrivals of response bytes' }),
})

export type Timeouts = z.output<typeof timeoutsSchema>
