/** What a balancer is, and what several of them share: the kinds beside it make one, `forward` asks it. */
import type { Server } from '../server.js'
import type { Group } from '../servers.js'

/** A balancer with its memory; lives as long as its proxy. */
export interface Balancer {
  /** The choices for one request, which may be several: one for each try. */
  begin(request: BalancedRequest): Choose
  /** A try that was answered took so long; for those that learn from it. */
  observed?(server: Server, ms: number, now: number): void
  /** A request has gone to that server, or left it; for those that keep an order of loads. */
  moved?(server: Server): void
}

/**
 * A server of the group for which `may` holds, or undefined when there is none. It does the balancer's own books; what
 * a choice means for a server is `Server.chosen`'s.
 */
export type Choose = (
  group: Group,
  may: (server: Server) => boolean,
  now: number,
  /** One that failed the request just now: only if there is no other. Those that know of it do so, others need not. */
  avoided?: Server | undefined,
) => Server | undefined

/** What a balancer may know of a request. */
export interface BalancedRequest {
  method: string
  /** Path and query. */
  path: string
  /** The address of the client, without a port. */
  client: string
  /** The value of a header field by its name in lower case. */
  header(name: string): string | undefined
  /** Another one came before it on the client's connection. */
  readonly later?: boolean
}

/** After more misses nginx leaves hashes and dice alone, and takes the next in turn. */
export const mostRehashes = 20

/** Where `at`, from 0 and below the total weight, falls when the servers stand side by side, each as wide as its weight. */
export function atWeight({ servers }: Group, at: number): Server {
  let left = at
  for (const server of servers) {
    if (left < server.config.weight) return server
    left -= server.config.weight
  }
  return servers.at(-1)!
}
