/**
 * One upstream server of a proxy: what the scenario says of it, and what the proxy has come to know. Passive health is a
 * kind of passive_health/, nginx's unless another one is put in its place; membership, active health and slow start are
 * beside it, and change nothing while they are not used.
 */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'
import type { ActiveHealth, Checked, Thresholds } from './active_health.js'
import { NginxHealth } from './passive_health/nginx.js'
import type { PassiveHealth } from './passive_health/passive_health.js'

export const serverSchema = z.strictObject({
  weight: z.int().min(1).max(1_000_000).default(1).meta({ description: 'Its share of the requests' }),
  max_fails: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: 'So many failed tries exclude it; 0: none ever does (nginx has 1 if nothing is said)' }),
  fail_timeout: duration()
    .prefault('10s')
    .meta({ description: 'How long it is excluded; then one request tries whether it is well' }),
  max_conns: z.int().min(0).default(0).meta({ description: 'Requests that it is sent at once; 0 is no limit' }),
  max_queue: z.int().min(0).default(0).meta({
    description: 'Requests that wait for this server and no other, with forwarding: haproxy; 0 is no limit',
  }),
  backup: z.boolean().default(false).meta({ description: 'Asked only while no other server may be' }),
  down: z.boolean().default(false).meta({ description: 'Not asked at all' }),
  slow_start: duration()
    .prefault('0ms')
    .meta({ description: 'Once it joins or is well again, its weight grows from nothing for so long' }),
  joins: duration().optional().meta({ description: 'When it joins, from the load’s start; it is there if absent' }),
  leaves: duration()
    .optional()
    .meta({ description: 'When it is drained: no new request, those in hand are finished; never if absent' }),
})

export type ServerConfig = z.output<typeof serverSchema>

/** The state of one server, shared by all requests of its proxy. */
export class Server {
  /** What its tries say of it. */
  passive: PassiveHealth
  /** What failures left of its weight; balancers let it come back. */
  effectiveWeight: number
  currentWeight = 0
  /** Requests at it. */
  conns = 0
  /** It is in the list of servers. */
  member = true
  checked: Checked = 'up'
  /** Where checks are on the way to another state; undefined without any. */
  watched: ActiveHealth | undefined
  /** How many checks in a row it takes; undefined without any. */
  thresholds: Thresholds | undefined
  /** Hears when it may not be asked any more, or may be again; for a balancer that keeps its servers in an order. */
  onTurn: ((now: number) => void) | undefined
  /** Since when its weight grows; undefined when it has its full weight. */
  private growsSince: number | undefined

  /**
   * @param index among all servers of the proxy
   * @param name host:port, as a consistent hash takes it
   */
  constructor(
    readonly index: number,
    readonly name: string,
    readonly config: ServerConfig,
    /** Passive health counts in whole ones of these: nginx has a clock of seconds for all that. */
    tickMs = 1,
  ) {
    this.effectiveWeight = config.weight
    this.passive = new NginxHealth(this, tickMs)
    this.member = config.joins === undefined
  }

  /** It may be sent a request, but for max_conns. */
  available(now: number): boolean {
    return this.passive.available(now) && this.listed
  }

  /** In the list, and well as far as checks can tell. */
  get listed(): boolean {
    return this.member && this.checked === 'up' && !this.config.down
  }

  /** Failed tries that are held against it. */
  get fails(): number {
    return this.passive.fails
  }

  get full(): boolean {
    const { max_conns } = this.config
    return max_conns > 0 && this.conns >= max_conns
  }

  join(now: number): void {
    this.member = true
    this.grow(now)
    this.onTurn?.(now)
  }

  leave(): void {
    this.member = false
    this.onTurn?.(0)
  }

  /** What an active check has come to. */
  setChecked(checked: Checked, now: number): void {
    if (checked === 'up' && this.checked !== 'up') this.grow(now)
    this.checked = checked
    this.onTurn?.(now)
  }

  /** From 0 to 1: how much of its weight it has by now. */
  share(now: number): number {
    if (this.growsSince === undefined) return 1
    const grown = (now - this.growsSince) / this.config.slow_start
    if (grown >= 1) this.growsSince = undefined
    return Math.min(1, Math.max(LEAST_SHARE, grown))
  }

  /** It is well again: its weight begins anew. */
  grow(now: number): void {
    if (this.config.slow_start > 0) this.growsSince = now
  }
}

/** A server without any weight would never be asked, and with it alone nobody would be. */
const LEAST_SHARE = 0.01
