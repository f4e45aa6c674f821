/**
 * Forwarding as Apache 2.4.71 does it (mod_proxy.c, proxy_handler; mod_proxy_balancer.c; mod_proxy_http.c): another server
 * is asked only where no connection to the first one could be had. What fails later is answered for.
 */
import { z } from 'zod'
import { type Failure, noServer, overLimit } from '../../failure.js'
import type { BalancedRequest } from '../balancers/index.js'
import type { FailedTry, Forward, ForwardAction, ForwardParts } from '../forward.js'
import { unreached } from '../passive_health/apache.js'
import type { Ended } from '../passive_health/passive_health.js'
import type { Server } from '../server.js'

const schema = z.strictObject({
  type: z.literal('apache'),
  max_attempts: z
    .int()
    .min(0)
    .max(1000)
    .optional()
    .meta({ description: 'Tries after the first one; one less than there are servers if absent (maxattempts)' }),
})

type Config = z.output<typeof schema>

export const apache = {
  summary: 'as Apache: another server is asked only where no connection could be made or had, whatever the method',
  schema,
  create:
    (config: Config, parts: ForwardParts) =>
    (request: BalancedRequest): Forward =>
      new Course(config, parts, request),
} as const

class Course implements Forward, Ended {
  turned: Forward['turned']
  /** How the last try ended. */
  status: number | undefined
  failure: Failure | undefined
  reused = false
  private current: Server | undefined
  /** It is the one that was chosen, and has as many connections as it may. */
  private waitsFor: Server | undefined
  private attempts = 0

  constructor(
    private readonly config: Config,
    private readonly parts: ForwardParts,
    private readonly request: BalancedRequest,
  ) {}

  start(now: number): ForwardAction {
    const server = this.waitsFor ?? this.choose(now)
    // Also after a failure: what the client hears of is this one.
    if (!server) return { do: 'answer', failure: noServer('no server may be tried') }
    if (!server.full) return this.tryAt(server, now)
    if (!this.parts.mayWait) return this.notHad(server, 'every connection that may be is in use', now)
    this.waitsFor = server
    return { do: 'wait', choosy: true }
  }

  /** ap_proxy_acquire_connection: its time is over, and that is an error of the server like any other. */
  waited(now: number): ForwardAction {
    return this.notHad(this.waitsFor!, 'no connection was free in time', now)
  }

  failed(last: FailedTry, now: number): ForwardAction {
    const { failure, responseBegun, replayable } = last
    this.failure = failure
    this.reused = last.reused
    this.release(now)
    if (responseBegun) return { do: 'cut', failure }
    return unreached(failure) === 503 && replayable && this.goesOn() ? this.start(now) : { do: 'answer', failure }
  }

  answered(status: number): undefined {
    this.status = status
  }

  done(now: number, ms?: number): void {
    this.waitsFor = undefined
    const server = this.current
    if (!server) return
    this.release(now)
    if (ms !== undefined) this.parts.balancer.observed?.(server, ms, now)
  }

  /** ap_proxy_balancer_get_best_worker: whether a server has a connection to spare is not asked. */
  private choose(now: number): Server | undefined {
    const { servers, balancer } = this.parts
    const may = (server: Server): boolean => server.available(now)
    if (servers.single) return servers.primaries.servers.concat(servers.backups?.servers ?? []).find(may)
    const choose = balancer.begin(this.request)
    return choose(servers.primaries, may, now) ?? (servers.backups && choose(servers.backups, may, now))
  }

  private tryAt(server: Server, now: number): ForwardAction {
    this.waitsFor = undefined
    this.current = server
    this.status = undefined
    this.failure = undefined
    this.reused = false
    server.conns++
    this.parts.balancer.moved?.(server)
    server.passive.chosen(now)
    return { do: 'try', server: server.index }
  }

  private notHad(server: Server, details: string, now: number): ForwardAction {
    const failure = overLimit(details)
    this.waitsFor = undefined
    this.status = undefined
    this.failure = failure
    server.passive.ended(true, this, now)
    return { do: this.goesOn() ? 'pass' : 'answer', failure }
  }

  private goesOn(): boolean {
    const { servers } = this.parts
    // Of a balancer: a server by itself has no attempts.
    const workers = servers.all.filter(({ member }) => member).length
    const most = servers.single ? 0 : (this.config.max_attempts ?? workers - 1)
    return this.attempts++ < most
  }

  private release(now: number): void {
    const server = this.current!
    this.current = undefined
    server.conns--
    this.parts.balancer.moved?.(server)
    this.turned = server.passive.ended(this.failure !== undefined && unreached(this.failure) !== undefined, this, now)
  }
}
