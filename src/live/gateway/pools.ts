/** The connections of a gateway's requests in absolute form: a pool each for who is asked, how, and from where. */
import type { GatewayHop } from '../../scenario/hops.js'
import { Pool } from '../pool.js'
import type { Site, Target } from '../site.js'

export interface Pools {
  /** @param key whatever two requests must have in common to share a connection */
  at(key: string, target: () => Target): Pool
  close(): Promise<void>
}

export function createPools(site: Site, { timeouts, keepalive }: GatewayHop): Pools {
  const pools = new Map<string, Pool>()
  return {
    at(key, target) {
      const known = pools.get(key) ?? new Pool(site, target(), timeouts, keepalive)
      pools.set(key, known)
      return known
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
    },
  }
}
