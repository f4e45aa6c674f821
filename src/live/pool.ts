/** The connections to one server: idle ones are used again, the last one first; otherwise a new one is made. */
import type { KeepaliveConfig } from '../core/proxy/keepalive.js'
import type { Timeouts } from '../core/proxy/timeouts.js'
import type { Reads } from '../dialects/reader.js'
import { monotonicMs, startTimer, stopTimer, type Timer } from './clock.js'
import { Connection } from './connection.js'
import type { Site, Target } from './site.js'

/** What all pools of one client have open together. */
export interface Census {
  readonly open: Set<Connection>
  readonly limit: number
  /** One more than the limit. */
  exceeded(): void
}

export class Pool {
  /** The one that has been idle for longest comes first. */
  private readonly idle: Connection[] = []
  private expiry: Timer | undefined
  private readonly open = new Set<Connection>()

  constructor(
    private readonly site: Site,
    readonly target: Target,
    private readonly limits: Timeouts,
    /** Without it connections are kept as long as the other side does. */
    private readonly keepalive?: KeepaliveConfig,
    private readonly reads?: Reads,
    private readonly census?: Census,
  ) {}

  /**
   * @param fresh only a new one will do
   * @param targetOf whom to dial for a new one, where not all are dialled alike
   */
  acquire(fresh = false, targetOf?: () => Target): Connection {
    for (let connection = fresh ? undefined : this.idle.pop(); connection; connection = this.idle.pop()) {
      if (connection.usable) return connection
    }
    const connection = new Connection(this.site, targetOf?.() ?? this.target, this.limits, this.forget, this.reads)
    this.open.add(connection)
    this.census?.open.add(connection)
    if (this.census && this.census.open.size > this.census.limit) this.census.exceeded()
    return connection
  }

  /** The exchange ended well: the next one may use the connection. */
  release(connection: Connection): void {
    if (connection.spoilt) return this.discard(connection)
    if (!connection.usable) return
    const { keepalive, idle } = this
    if (!keepalive) return void idle.push(connection)
    if (connection.books.requests >= keepalive.requests) return this.discard(connection)
    connection.idleSince = monotonicMs()
    idle.push(connection)
    // As nginx has it, the one that has been idle for longest makes room.
    if (idle.length > keepalive.connections) this.discard(idle.shift()!)
    this.expiry ??= startTimer(keepalive.idle, this.expire)
  }

  /** The exchange did not end well, or the connection is not wanted any more. */
  discard(connection: Connection): void {
    this.strike(connection)
    connection.abandon()
  }

  async close(): Promise<void> {
    stopTimer(this.expiry)
    await Promise.all([...this.open].map((connection) => connection.destroy()))
  }

  private readonly expire = (): void => {
    this.expiry = undefined
    const limitMs = this.keepalive!.idle
    const since = monotonicMs() - limitMs
    while (this.idle.length > 0 && this.idle[0]!.idleSince <= since) this.discard(this.idle.shift()!)
    const next = this.idle[0]
    if (next) this.expiry = startTimer(Math.max(1, next.idleSince - since), this.expire)
  }

  private readonly forget = (connection: Connection): void => {
    this.strike(connection)
    const at = this.idle.indexOf(connection)
    if (at >= 0) this.idle.splice(at, 1)
  }

  private strike(connection: Connection): void {
    this.open.delete(connection)
    this.census?.open.delete(connection)
  }
}
