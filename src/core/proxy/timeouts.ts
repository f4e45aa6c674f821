/** The time limits of a proxy, as the scenario sets them; the defaults are nginx's and Node's. */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'

export const timeoutsSchema = z.strictObject({
  connect: duration()
    .prefault('60s')
    .meta({ description: 'For the TCP handshake, and once more for the TLS handshake' }),
  send: duration().prefault('60s').meta({ description: 'Between two successful writes of the request' }),
  read: duration().prefault('60s').meta({ description: 'Between two arrivals of response bytes' }),
  response: duration()
    .optional()
    .meta({ description: 'For the whole response, counted from when the request was sent; none if absent' }),
  reply: duration()
    .prefault('60s')
    .meta({ description: 'Between two successful writes of the response to the client' }),
  client: duration().prefault('300s').meta({ description: 'For a client to send its request, the body included' }),
})

export type Timeouts = z.output<typeof timeoutsSchema>
