import { z } from 'zod'
import type { Server } from '../server.js'
import type { Group, Servers } from '../servers.js'
import type { Balancer } from './balancer.js'

export const haproxy_roundrobin = {
  summary: 'one server after the other by weight, in the order of HAProxy’s roundrobin',
  schema: z.strictObject({ type: z.literal('haproxy_roundrobin') }),
  /** HAProxy 2.6, fwrr_get_next_server: Fast Weighted Round Robin. */
  create(_config: unknown, { primaries, backups }: Servers): Balancer {
    const wheels = new Map([primaries, backups].flatMap((group) => (group ? [[group, new Wheel(group)]] : [])))
    return {
      begin: () => (group, may, now, avoided) => {
        const wheel = wheels.get(group)!
        wheel.notice(now)
        return wheel.next(may, avoided)
      },
    }
  },
} as const

/** BE_WEIGHT_SCALE: a slow start goes up in sixteenths. */
export const WEIGHT_SCALE = 16
const MOST_WEIGHT = 256 * WEIGHT_SCALE

/** What its weight is now; 0: it is in no tree. */
export function haproxyWeight(server: Server, now: number): number {
  if (!server.listed) return 0
  const share = server.share(now)
  return (
    server.config.weight * (share === 1 ? WEIGHT_SCALE : Math.min(WEIGHT_SCALE, Math.floor(WEIGHT_SCALE * share) + 1))
  )
}

interface Spoke {
  server: Server
  weight: number
  /** Its next place, and the one before. */
  npos: number
  lpos: number
  /** What is left over of places. */
  rest: number
  /** The tree it is in, and its key there; undefined while it is in none. */
  tree: Spoke[] | undefined
  key: number
}

/** One group: a turn of places as long as all weights; who has had all of its own waits in `later` for the next turn. */
class Wheel {
  private fresh: Spoke[] = []
  private later: Spoke[] = []
  private readonly current: Spoke[] = []
  private readonly spokes: Spoke[]
  private at = 0
  /** Of this turn, and of the next one. */
  private turnWeight = 0
  private nextWeight = 0
  private begun = false

  constructor({ servers }: Group) {
    this.spokes = servers.map((server) => {
      return { server, weight: 0, npos: 0, lpos: 0, rest: 0, tree: undefined, key: 0 }
    })
    for (const spoke of this.spokes) spoke.server.onTurn = (now) => this.look(spoke, now)
  }

  /** Who has grown since the last request. */
  notice(now: number): void {
    if (!this.begun) this.begin(now)
    for (const spoke of this.spokes) this.look(spoke, now)
  }

  private look(spoke: Spoke, now: number): void {
    const weight = haproxyWeight(spoke.server, now)
    if (this.begun && weight !== spoke.weight) this.changed(spoke, weight)
  }

  private begin(now: number): void {
    for (const spoke of this.spokes) this.enter(spoke, haproxyWeight(spoke.server, now))
    this.begun = true
    this.at = this.turnWeight = this.nextWeight
  }

  next(may: (server: Server) => boolean, avoided: Server | undefined): Server | undefined {
    const passed: Spoke[] = []
    let kept: Spoke | undefined
    let chosen: Spoke | undefined
    let switched = false
    while (!chosen) {
      if (this.turnWeight === 0) this.at = this.turnWeight = this.nextWeight
      let spoke = this.first()
      if (!spoke && !switched) {
        switched = true
        this.turn()
        spoke = this.first()
      }
      if (!spoke) {
        chosen = kept
        break
      }
      this.advance(spoke)
      remove(spoke)
      this.at++
      if (may(spoke.server) && (spoke.server !== avoided || kept)) chosen = spoke
      else {
        if (may(spoke.server)) kept = spoke
        passed.unshift(spoke)
      }
    }
    if (chosen) this.place(chosen)
    for (const spoke of passed) {
      if (spoke === chosen) continue
      if (switched) this.placeByWeight(this.fresh, spoke)
      else this.place(spoke)
    }
    return chosen?.server
  }

  private enter(spoke: Spoke, weight: number): void {
    spoke.weight = weight
    this.nextWeight += weight
    if (weight > 0) this.placeByWeight(this.fresh, spoke)
  }

  private changed(spoke: Spoke, weight: number): void {
    const before = spoke.weight
    this.nextWeight += weight - before
    if (weight === 0) {
      remove(spoke)
      spoke.tree = undefined
      spoke.weight = 0
      return
    }
    spoke.weight = weight
    if (before === 0) {
      spoke.npos = this.at + Math.floor((this.nextWeight + this.turnWeight - this.at) / weight)
      return this.place(spoke)
    }
    const { fresh, later } = this
    if (spoke.tree === fresh) {
      remove(spoke)
      return this.placeByWeight(fresh, spoke)
    }
    const planned = spoke.tree === later ? spoke.npos + this.turnWeight : spoke.npos
    const step = Math.floor(this.nextWeight / weight)
    spoke.npos = Math.min(spoke.lpos + step, planned)
    spoke.rest = 0
    if (spoke.npos < this.at + 2) spoke.npos = this.at + step
    remove(spoke)
    this.place(spoke)
  }

  /** Who is due, or else one that has not had its first place in this turn, or else who is next. */
  private first(): Spoke | undefined {
    const [due] = this.current
    if (due && due.npos <= this.at) return due
    const [fresh] = this.fresh
    if (!fresh) return due
    fresh.npos = 0
    fresh.rest = 0
    return fresh
  }

  private turn(): void {
    const { fresh } = this
    this.fresh = this.later
    this.later = fresh
    this.turnWeight = this.nextWeight
    this.at = this.turnWeight
  }

  private advance(spoke: Spoke): void {
    spoke.lpos = spoke.npos === 0 ? this.at : spoke.npos
    spoke.npos = spoke.lpos + Math.floor(this.nextWeight / spoke.weight)
    spoke.rest += this.nextWeight % spoke.weight
    if (spoke.rest < spoke.weight) return
    spoke.rest -= spoke.weight
    spoke.npos++
  }

  private place(spoke: Spoke): void {
    if (spoke.npos >= 2 * this.turnWeight || spoke.npos >= this.turnWeight + this.nextWeight) {
      spoke.npos -= this.turnWeight
      return this.placeByWeight(this.later, spoke)
    }
    const key = 256 * spoke.npos + Math.floor((MOST_WEIGHT + spoke.rest - spoke.weight) / WEIGHT_SCALE)
    insert(this.current, spoke, key)
  }

  private placeByWeight(tree: Spoke[], spoke: Spoke): void {
    insert(tree, spoke, MOST_WEIGHT - spoke.weight)
  }
}

/** Behind those of the same key. */
function insert(tree: Spoke[], spoke: Spoke, key: number): void {
  let at = tree.length
  while (at > 0 && tree[at - 1]!.key > key) at--
  tree.splice(at, 0, spoke)
  spoke.tree = tree
  spoke.key = key
}

function remove(spoke: Spoke): void {
  const at = spoke.tree?.indexOf(spoke) ?? -1
  if (at >= 0) spoke.tree!.splice(at, 1)
}
