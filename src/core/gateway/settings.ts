/** What a gateway allows at once and for how long, as the scenario sets it; and the failures of a request over that. */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'
import type { Failure } from '../failure.js'
import { timeoutsSchema } from '../proxy/timeouts.js'

const atOnce = () => z.int().min(1).max(1_000_000)

export const gatewayLimitsSchema = z.strictObject({
  per_exit: atOnce().optional().meta({ description: 'Requests and tunnels at one exit; no limit if absent' }),
  total: atOnce().optional().meta({ description: 'Requests and tunnels in all; no limit if absent' }),
})

export type GatewayLimits = z.output<typeof gatewayLimitsSchema>

export const gatewayTimeoutsSchema = timeoutsSchema.extend({
  tunnel_idle: duration().prefault('5m').meta({ description: 'A tunnel in which no byte moves for so long is closed' }),
})

export type GatewayTimeouts = z.output<typeof gatewayTimeoutsSchema>

/** There is no room, and none to wait in. */
export const gatewayFull = (details: string): Failure => ({
  type: 'connection_limit_reached',
  stage: 'select',
  manner: 'overloaded',
  details,
})

/** It waited for room, in vain. */
export const waitedForRoom = (): Failure => ({
  type: 'connection_timeout',
  stage: 'select',
  manner: 'overloaded',
  details: 'waited too long for room at the gateway',
})
