import crc32 from 'crc-32'
import { z } from 'zod'
import { keySchema, readKey } from '../key.js'
import { atWeight, type Balancer, mostRehashes } from './balancer.js'
import { nextInTurn } from './round_robin.js'

const schema = z.strictObject({ type: z.literal('hash'), key: keySchema })

export const hash = {
  summary: 'always the same server for a key, by CRC-32 and weight; most keys move when a server comes or goes',
  schema,
  create({ key }: z.output<typeof schema>): Balancer {
    return {
      /** nginx 1.22.1, ngx_http_upstream_get_hash_peer. */
      begin(request) {
        const text = readKey(key, request)
        if (text === '') return nextInTurn
        let [sum, rehash, misses] = [0, 0, 0]
        return (group, may, now) => {
          while (misses <= mostRehashes) {
            const crc = crc32.bstr(rehash > 0 ? `${rehash}${text}` : text)
            rehash++
            sum = (sum + ((crc >>> 16) & 0x7fff)) >>> 0
            const server = atWeight(group, sum % group.totalWeight)
            if (may(server)) return server
            misses++
          }
          return nextInTurn(group, may, now)
        }
      },
    }
  },
} as const
