import { z } from 'zod'
import type { Server } from '../server.js'
import type { Balancer } from './balancer.js'
import { gain } from './round_robin.js'

export const least_conn = {
  summary: 'the server with the fewest requests at it for its weight; among equals, in turn',
  schema: z.strictObject({ type: z.literal('least_conn') }),
  create: (): Balancer => ({
    /** nginx 1.22.1, ngx_http_upstream_get_least_conn_peer. */
    begin: () => (group, may, now) => {
      let best: Server | undefined
      let many = false
      for (const server of group.servers) {
        if (!may(server)) continue
        const difference = best === undefined ? -1 : compareLoads(server, best, now)
        if (difference < 0) {
          best = server
          many = false
        } else if (difference === 0) many = true
      }
      if (best === undefined || !many) return best
      let total = 0
      for (const server of group.servers.slice(group.servers.indexOf(best))) {
        if (!may(server) || compareLoads(server, best, now) !== 0) continue
        total += gain(server, now)
        if (server.currentWeight > best.currentWeight) best = server
      }
      best.currentWeight -= total
      return best
    },
  }),
} as const

/** Below 0 where `one` has fewer requests for its weight. */
const compareLoads = (one: Server, other: Server, now: number): number =>
  one.conns * other.config.weight * other.share(now) - other.conns * one.config.weight * one.share(now)
