/** The connections to one server: idle ones are used again, the last one first; otherwise a new one is made. */
import type { Timeouts } from '../core/proxy/timeouts.js'
import { Connection } from './connection.js'
import type { Site, Target } from './site.js'

export class Pool {
  private readonly idle: Connection[] = []
  private readonly open = new Set<Connection>()

  constructor(
    private readonly site: Site,
    readonly target: Target,
    private readonly limits: Timeouts,
  ) {}

  /** @param fresh only a new one will do */
  acquire(fresh = false): Connection {
    for (let connection = fresh ? undefined : this.idle.pop(); connection; connection = this.idle.pop()) {
      if (connection.usable) return connection
    }
    const connection = new Connection(this.site, this.target, this.limits, this.forget)
    this.open.add(connection)
    return connection
  }

  /** The exchange ended well: the next one may use the connection. */
  release(connection: Connection): void {
    if (connection.usable) this.idle.push(connection)
  }

  /** The exchange did not end well, or the connection is not wanted any more. */
  discard(connection: Connection): void {
    this.open.delete(connection)
    connection.abandon()
  }

  async close(): Promise<void> {
    await Promise.all([...this.open].map((connection) => connection.destroy()))
  }

  private readonly forget = (connection: Connection): void => {
    this.open.delete(connection)
    const at = this.idle.indexOf(connection)
    if (at >= 0) this.idle.splice(at, 1)
  }
}
