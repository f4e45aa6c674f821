import { z } from 'zod'
import type { Chance } from '../../../lib/random.js'
import type { Server } from '../server.js'
import type { Servers } from '../servers.js'
import { atWeight, type Balancer, mostRehashes } from './balancer.js'
import { nextInTurn } from './round_robin.js'

export const random_two = {
  summary: 'of two servers drawn by weight, the one with fewer requests at it for its weight',
  schema: z.strictObject({ type: z.literal('random_two') }),
  create(_config: unknown, _servers: Servers, chance: Chance): Balancer {
    const draw = chance.stream('balancer/random_two')
    return {
      /** nginx 1.22.1, ngx_http_upstream_get_random2_peer. */
      begin() {
        let misses = 0
        return (group, may, now) => {
          let first: Server | undefined
          while (misses <= mostRehashes) {
            const server = atWeight(group, Math.floor(draw() * group.totalWeight))
            if (server !== first && may(server)) {
              if (first !== undefined) {
                return server.conns * first.config.weight > first.conns * server.config.weight ? first : server
              }
              first = server
            }
            // The first of two is counted among the misses, as in nginx.
            misses++
          }
          return nextInTurn(group, may, now)
        }
      },
    }
  },
} as const
