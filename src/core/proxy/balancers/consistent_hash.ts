import crc32 from 'crc-32'
import { z } from 'zod'
import { keySchema, readKey } from '../key.js'
import type { Server } from '../server.js'
import type { Servers } from '../servers.js'
import { type Balancer, mostRehashes } from './balancer.js'
import { nextInTurn } from './round_robin.js'

const schema = z.strictObject({ type: z.literal('consistent_hash'), key: keySchema })

export const consistent_hash = {
  summary: 'always the same server for a key, on a ring (ketama): only the keys of a server move when it leaves',
  schema,
  /** nginx 1.22.1, `hash … consistent`: ngx_http_upstream_get_chash_peer. */
  create({ key }: z.output<typeof schema>, { primaries }: Servers): Balancer {
    const ring = ringOf(primaries.servers)
    return {
      begin(request) {
        const text = readKey(key, request)
        if (text === '') return nextInTurn
        let at = firstFrom(ring, crc32.bstr(text) >>> 0)
        let misses = 0
        return (group, may, now) => {
          while (misses <= mostRehashes) {
            const { server } = ring[at % ring.length]!
            // As nginx does, who looks for servers of that name and finds the one.
            if (may(server)) return nextInTurn({ servers: [server], totalWeight: server.config.weight }, may, now)
            at++
            misses++
          }
          return nextInTurn(group, may, now)
        }
      },
    }
  },
} as const

interface Point {
  hash: number
  server: Server
}

const POINTS_PER_WEIGHT = 160

/** Each point is hashed from the one before it: crc32(HOST \0 PORT PREVIOUS). */
function ringOf(servers: readonly Server[]): Point[] {
  const points = servers.flatMap((server) => {
    const { host, port } = splitName(server.name)
    const base = crc32.bstr(`${host}\0${port}`)
    let previous = 0
    return Array.from({ length: server.config.weight * POINTS_PER_WEIGHT }, (): Point => {
      previous = crc32.buf(littleEndian(previous), base) >>> 0
      return { hash: previous, server }
    })
  })
  points.sort((a, b) => a.hash - b.hash)
  return points.filter(({ hash }, index) => index === 0 || hash !== points[index - 1]!.hash)
}

function splitName(name: string): { host: string; port: string } {
  if (name.startsWith('unix:')) return { host: name.slice(5), port: '' }
  const parts = /^(.*):(\d+)$/.exec(name)
  return parts ? { host: parts[1]!, port: parts[2]! } : { host: name, port: '' }
}

const littleEndian = (value: number): Uint8Array =>
  Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)

/** The first point at that hash or after it; one past the last where there is none. */
function firstFrom(ring: readonly Point[], hash: number): number {
  let [low, high] = [0, ring.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ring[middle]!.hash < hash) low = middle + 1
    else high = middle
  }
  return low
}
