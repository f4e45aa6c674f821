import { z } from 'zod'
import type { Chance } from '../../../lib/random.js'
import type { Servers } from '../servers.js'
import { atWeight, type Balancer, mostRehashes } from './balancer.js'
import { nextInTurn } from './round_robin.js'

export const random = {
  summary: 'any server, by weight',
  schema: z.strictObject({ type: z.literal('random') }),
  create(_config: unknown, _servers: Servers, chance: Chance): Balancer {
    const draw = chance.stream('balancer/random')
    return {
      /** nginx 1.22.1, ngx_http_upstream_get_random_peer. */
      begin() {
        let misses = 0
        return (group, may, now) => {
          while (misses <= mostRehashes) {
            const server = atWeight(group, Math.floor(draw() * group.totalWeight))
            if (may(server)) return server
            misses++
          }
          return nextInTurn(group, may, now)
        }
      },
    }
  },
} as const
