import { z } from 'zod'
import { atWeight, type Balancer, mostRehashes } from './balancer.js'
import { nextInTurn } from './round_robin.js'

export const ip_hash = {
  summary: 'always the same server for a client: by the first three numbers of its IPv4 address',
  schema: z.strictObject({ type: z.literal('ip_hash') }),
  create: (): Balancer => ({
    /** nginx 1.22.1, ngx_http_upstream_get_ip_hash_peer. */
    begin({ client }) {
      const numbers = octetsOf(client)
      let hash = 89
      let rehashes = 0
      return (group, may, now) => {
        while (rehashes <= mostRehashes) {
          for (const number of numbers) hash = (hash * 113 + number) % 6271
          const server = atWeight(group, hash % group.totalWeight)
          if (may(server)) return server
          rehashes++
        }
        return nextInTurn(group, may, now)
      }
    },
  }),
} as const

/** Of IPv4 the network of 256 addresses; another address as it is. */
function octetsOf(address: string): number[] {
  const four = /(\d+)\.(\d+)\.(\d+)\.\d+$/.exec(address)
  return four ? four.slice(1, 4).map(Number) : [...address].map((character) => character.charCodeAt(0) & 0xff)
}
