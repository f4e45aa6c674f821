/**
 * HAProxy's queues (queue.c): one for each server, for requests that can go nowhere else, and one for those that any
 * server may take. The engine keeps the requests in their order; this knows where each of them waits.
 */
import { type BalancerConfig, withoutBackups } from '../balancers/index.js'
import type { ForwardParts } from '../forward.js'
import type { Server } from '../server.js'
import type { Group } from '../servers.js'

export type Place = Server | 'any'

/** Those that a queue says something about: all servers were full. */
const inTurn: readonly BalancerConfig['type'][] = ['haproxy_roundrobin', 'round_robin']
/** Those that are told whom to avoid. */
const avoiding: readonly BalancerConfig['type'][] = ['haproxy_roundrobin', 'haproxy_leastconn']
const random: readonly BalancerConfig['type'][] = ['random', 'random_two']

export class Queues {
  /** The balancer finds the same server again for the same request. */
  readonly hashes: boolean
  readonly avoids: boolean
  private readonly inTurn: boolean
  private readonly places = new Map<object, Place>()
  private readonly lengths = new Map<Place, number>()

  constructor({ balance }: Pick<ForwardParts, 'balance'>) {
    this.hashes = withoutBackups.includes(balance) && !random.includes(balance)
    this.avoids = avoiding.includes(balance)
    this.inTurn = inTurn.includes(balance)
  }

  /** A new request can spare itself the choice: who waits for any server waits because there is none. */
  get full(): boolean {
    return this.inTurn && this.lengthOf('any') > 0
  }

  placeOf(request: object): Place | undefined {
    return this.places.get(request)
  }

  lengthOf(place: Place): number {
    return this.lengths.get(place) ?? 0
  }

  enter(request: object, place: Place): void {
    this.places.set(request, place)
    this.lengths.set(place, this.lengthOf(place) + 1)
  }

  leave(request: object): void {
    const place = this.places.get(request)
    if (place === undefined) return
    this.places.delete(request)
    this.lengths.set(place, this.lengthOf(place) - 1)
  }

  /** A new request may go there: nobody waits for it, and it has a slot. */
  hasRoom(server: Server, now: number): boolean {
    return server.config.max_conns === 0 || (this.lengthOf(server) === 0 && hasSlot(server, now))
  }

  /**
   * Who takes a request that waits: the server that has room, without asking the balancer (pendconn_process_next_strm).
   * `gone`: it waits for one that may not be asked any more.
   */
  next(place: Place, usable: Group | undefined, now: number): Server | 'gone' | undefined {
    const room = (server: Server): boolean => server.available(now) && hasSlot(server, now)
    if (place === 'any') return usable?.servers.find(room)
    if (!place.available(now)) return 'gone'
    return room(place) ? place : undefined
  }
}

/** srv_dynamic_maxconn: a server that starts slowly takes its share of them, and one at least. */
function hasSlot(server: Server, now: number): boolean {
  const { max_conns } = server.config
  const share = server.share(now)
  return max_conns === 0 || server.conns < (share === 1 ? max_conns : Math.max(1, Math.floor(max_conns * share)))
}
