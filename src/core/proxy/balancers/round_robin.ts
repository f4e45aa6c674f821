import { z } from 'zod'
import type { Server } from '../server.js'
import type { Group } from '../servers.js'
import type { Balancer } from './balancer.js'

export const round_robin = {
  summary: 'one server after the other by weight, spread out smoothly as nginx does',
  schema: z.strictObject({ type: z.literal('round_robin') }),
  create: (): Balancer => ({ begin: () => nextInTurn }),
} as const

/**
 * Smooth weighted round robin (nginx 1.22.1, ngx_http_upstream_get_peer): everybody gains its weight, who has most is
 * chosen and pays for all. A weight that failures took comes back one by one. Other balancers fall back to it.
 */
export function nextInTurn({ servers }: Group, may: (server: Server) => boolean, now: number): Server | undefined {
  let best: Server | undefined
  let total = 0
  for (const server of servers) {
    if (!may(server)) continue
    total += gain(server, now)
    if (best === undefined || server.currentWeight > best.currentWeight) best = server
  }
  if (best) best.currentWeight -= total
  return best
}

/** Adds a turn's weight to what the server has, and returns it. */
export function gain(server: Server, now: number): number {
  const weight = server.effectiveWeight * server.share(now)
  server.currentWeight += weight
  if (server.effectiveWeight < server.config.weight) server.effectiveWeight++
  return weight
}
