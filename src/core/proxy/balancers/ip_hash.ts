import { z } from 'zod'
import { addressBytes } from '../address.js'
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

/** Of IPv4 the network of 256 addresses, of IPv6 all; those without an address are one. */
function octetsOf(address: string): number[] {
  const bytes = addressBytes(address)
  return bytes.length === 16 ? bytes : bytes.length === 4 ? bytes.slice(0, 3) : [0, 0, 0]
}
