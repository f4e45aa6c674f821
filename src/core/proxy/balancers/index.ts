/** Balancers: which of the servers that may be tried gets this try. One file each. */
import type { KindOf } from '../../../lib/registry.js'
import { round_robin } from './round_robin.js'

export const balancers = { round_robin }

export type BalancerConfig = KindOf<typeof balancers>

/** A balancer with its memory; lives as long as its proxy. */
export interface Balancer {
  /** An index below `count` for which `eligible` holds, or undefined when there is none. */
  pick(count: number, eligible: (index: number) => boolean): number | undefined
}

export const createBalancer = (config: BalancerConfig): Balancer => balancers[config.type].create()
