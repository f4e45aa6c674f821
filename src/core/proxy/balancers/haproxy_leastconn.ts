import { z } from 'zod'
import type { Server } from '../server.js'
import type { Servers } from '../servers.js'
import type { Balancer } from './balancer.js'
import { haproxyWeight, WEIGHT_SCALE } from './haproxy_roundrobin.js'

const MOST_WEIGHT = 256 * WEIGHT_SCALE

export const haproxy_leastconn = {
  summary: 'the server with the fewest requests for its weight, in the order of HAProxy’s leastconn',
  schema: z.strictObject({ type: z.literal('haproxy_leastconn') }),
  /** HAProxy 2.6, fwlc_get_next_server: of those with the same load, the one that has had it for longest. */
  create(_config: unknown, { all }: Servers): Balancer {
    const places = all.map(() => ({ weight: -1, load: 0, since: 0 }))
    let clock = 0
    const reposition = (server: Server): void => {
      const place = places[server.index]!
      if (place.weight <= 0) return
      const load = server.conns === 0 ? 0 : Math.floor(((server.conns + 1) * MOST_WEIGHT) / place.weight)
      if (load === place.load && place.since > 0) return
      place.load = load
      place.since = ++clock
    }
    /** Whoever has come back or grown goes in anew, behind those with the same load. */
    const look = (server: Server, now: number): void => {
      const place = places[server.index]!
      const weight = haproxyWeight(server, now)
      if (weight === place.weight) return
      place.weight = weight
      place.since = 0
      reposition(server)
    }
    let begun = false
    for (const server of all) server.onTurn = (now) => void (begun && look(server, now))
    return {
      begin: () => (group, may, now, avoided) => {
        for (const server of begun ? group.servers : all) look(server, now)
        begun = true
        let best: Server | undefined
        for (const server of group.servers) {
          const { weight, load, since } = places[server.index]!
          if (weight <= 0 || server === avoided || !may(server)) continue
          const other = best && places[best.index]!
          if (!other || load < other.load || (load === other.load && since < other.since)) best = server
        }
        return best ?? (avoided && group.servers.includes(avoided) && may(avoided) ? avoided : undefined)
      },
      moved: reposition,
    }
  },
} as const
