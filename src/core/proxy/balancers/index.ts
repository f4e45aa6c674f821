/** Balancers: which of the servers that may be tried gets this try. One file each. */
import type { KindOf } from '../../../lib/registry.js'
import type { Balancer } from './balancer.js'
import { round_robin } from './round_robin.js'

export type { Balancer } from './balancer.js'

export const balancers = { round_robin }

export type BalancerConfig = KindOf<typeof balancers>

export const createBalancer = (config: BalancerConfig): Balancer => balancers[config.type].create()
