/**
 * The upstream side of a mini proxy as an undici Dispatcher: asks `forward` which server to try, keeps one connection
 * per exchange, and reports what was tried. It never retries unless `forward` says so, and writes nothing downstream.
 */
import { Dispatcher } from 'undici'
import { createBalancer } from '../../core/proxy/balancers/index.js'
import { type BeginForward, createForwarding } from '../../core/proxy/forwards/index.js'
import { watchServers } from '../../core/proxy/passive_health/index.js'
import { createPending, type Pending, type QueueConfig } from '../../core/proxy/pending.js'
import { Server } from '../../core/proxy/server.js'
import { groupServers, type Servers } from '../../core/proxy/servers.js'
import { dialectOf } from '../../dialects/index.js'
import type { ProxyHop } from '../../scenario/hops.js'
import { Pool } from '../pool.js'
import { formatAddress, type Site } from '../site.js'
import { Forwarding, type Upstreams } from './forwarding.js'
import type { Reach } from './targets.js'
import type { DispatcherEvents, UpstreamRequest } from './upstream_request.js'

export { UpstreamError, type UpstreamRequest } from './upstream_request.js'

export class UpstreamDispatcher extends Dispatcher implements Upstreams {
  readonly pools: readonly Pool[]
  readonly servers: Servers
  readonly beginForward: BeginForward
  readonly pending: Pending<Forwarding> | undefined
  readonly queue: QueueConfig | undefined
  readonly journaling: boolean

  constructor(
    site: Site,
    hop: ProxyHop,
    reach: Reach,
    readonly events: DispatcherEvents,
  ) {
    super()
    this.journaling = site.journaling
    const { reads, tickMs, tellsLast, limits } = dialectOf(hop)
    const timeouts = limits?.(hop.timeouts) ?? hop.timeouts
    this.pools = hop.to.map((edge) => new Pool(site, reach(edge), timeouts, hop.keepalive, reads))
    const servers = hop.to.map((edge, index) => {
      return new Server(index, formatAddress(this.pools[index]!.target), edge, tickMs)
    })
    const { next_upstream: nextUpstream, tries, next_upstream_timeout: timeoutMs, queue, balance } = hop
    const mayWait = queue !== undefined
    const { chance } = site
    this.servers = groupServers(servers)
    watchServers(hop.passive_health, this.servers, chance, (index, turned, why) => {
      events.turnedBeside(servers[index]!, turned, this.pools[index]!.target, why)
    })
    this.beginForward = createForwarding(hop.forwarding, {
      config: { nextUpstream, tries, timeoutMs, mayWait, tellsLast },
      servers: this.servers,
      balancer: createBalancer(balance, this.servers, chance),
      balance: balance.type,
      mayWait,
      tellsLast,
      connectMs: hop.timeouts.connect,
      chance,
    })
    this.queue = queue
    this.pending = queue && createPending(queue.size)
  }

  /** `handler.onConnect` gets the function that ends the request, whatever state it is in. */
  override dispatch(request: unknown, handler: Dispatcher.DispatchHandler): boolean {
    const forwarding = new Forwarding(this, request as UpstreamRequest, handler)
    handler.onConnect?.(forwarding.abort)
    forwarding.begin()
    return true
  }

  /** A server may have room again. */
  advance(): void {
    this.pending?.advance((waiting) => waiting.tryAgain())
  }

  override async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.close()))
  }

  override destroy(): Promise<void> {
    return this.close()
  }
}
