import { z } from 'zod'
import type { Servers } from '../servers.js'
import type { Balancer } from './balancer.js'

export const caddy_round_robin = {
  summary: 'one server after the other, counted for all requests and their tries together, as Caddy does',
  schema: z.strictObject({ type: z.literal('caddy_round_robin') }),
  /** Caddy 2.6, RoundRobinSelection of selectionpolicies.go: weights are nothing to it, and it begins with the second. */
  create(_config: unknown, _servers: Servers): Balancer {
    let count = 0
    return {
      begin: () => (group, may) => {
        const pool = group.servers.filter(({ config, member }) => member && !config.down)
        for (let left = pool.length; left > 0; left--) {
          const server = pool[++count % pool.length]!
          if (may(server)) return server
        }
        return undefined
      },
    }
  },
} as const
