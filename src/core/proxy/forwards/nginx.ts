/**
 * Forwarding as nginx 1.22.1 does it (ngx_http_upstream.c): what counts as a failure, what moves a request on to the next
 * server, and how often. Its settings are keys of the hop itself: next_upstream, tries, next_upstream_timeout.
 */
import { z } from 'zod'
import { type Failure, noServer, overLimit } from '../../failure.js'
import type { BalancedRequest, Balancer, Choose } from '../balancers/index.js'
import type { FailedTry, Forward, ForwardAction } from '../forward.js'
import type { NextUpstreamCondition } from '../next_upstream.js'
import type { Ended } from '../passive_health/passive_health.js'
import type { Server } from '../server.js'
import type { Group, Servers } from '../servers.js'

export const nginx = {
  summary:
    'as nginx: next_upstream says which failures move a request on to another server, each of which is tried once',
  schema: z.strictObject({ type: z.literal('nginx') }),
  create:
    (_config: unknown, shared: Balanced) =>
    (request: BalancedRequest): Forward =>
      createForward(shared, request),
} as const

export interface ForwardConfig {
  /** Empty: never. */
  nextUpstream: readonly NextUpstreamCondition[]
  /** Tries in all, the first included; 0 is no limit but one try per server. */
  tries: number
  /** After so long since the first try there is no other one; undefined: no limit. */
  timeoutMs: number | undefined
  /** A request may wait for a server that has as many as it may. */
  mayWait: boolean
  /** When tries have failed and no server is left: the last failure is told. nginx tells that there is no server. */
  tellsLast: boolean
}

/** What all requests of such a proxy share. */
export interface Balanced {
  config: ForwardConfig
  servers: Servers
  balancer: Balancer
}

/** Not repeated once the server may have seen it (nginx: non_idempotent). */
const NON_IDEMPOTENT = new Set(['POST', 'LOCK', 'PATCH'])

/** nginx passes these on, and never holds them against a server (NGX_PEER_NEXT). */
const NOT_A_FAILURE = new Set([403, 404])

/** Times are milliseconds from any zero. */
export function createForward(shared: Balanced, request: BalancedRequest): Forward {
  return new Course(shared, request)
}

class Course implements Forward, Ended {
  turned: Forward['turned']
  /** How the last try ended. */
  status: number | undefined
  failure: Failure | undefined
  reused = false
  private choose: Choose
  private group: Group
  /** Most requests need one try: the set is made with the second. */
  private tried: Set<Server> | undefined
  private current: Server | undefined
  private left: number
  private startedAt: number | undefined

  constructor(
    private readonly shared: Balanced,
    private readonly request: BalancedRequest,
  ) {
    const { config, servers, balancer } = shared
    this.choose = balancer.begin(request)
    this.group = servers.primaries
    const usable = countListed(servers.all)
    this.left = config.tries > 0 ? Math.min(config.tries, usable) : usable
  }

  start(now: number): ForwardAction {
    if (this.startedAt === undefined) this.startedAt = now
    else {
      // It has waited, and whatever has room now may be of the first choice.
      this.group = this.shared.servers.primaries
      this.choose = this.shared.balancer.begin(this.request)
    }
    return this.next(now)
  }

  failed(last: FailedTry, now: number): ForwardAction {
    const { failure, responseBegun } = last
    const condition = responseBegun ? undefined : CONDITION[failure.manner]
    this.failure = failure
    this.reused = last.reused
    this.release(condition !== undefined, now)
    if (responseBegun) return { do: 'cut', failure }
    // What the server closed while the request was on its way says nothing of the server: one more try.
    if (last.reused && condition === 'error') this.left++
    const goesOn = condition !== undefined && this.left > 0 && this.mayRepeat(condition, last.requestWritten, last, now)
    return goesOn ? this.next(now, failure) : { do: 'answer', failure }
  }

  answered(status: number, replayable: boolean, now: number): ForwardAction | undefined {
    const condition = `http_${status}` as NextUpstreamCondition
    this.status = status
    // A status of which no condition speaks.
    if (status < 403 || this.left <= 1 || !this.mayRepeat(condition, true, { replayable }, now)) return undefined
    this.release(!NOT_A_FAILURE.has(status), now)
    return this.next(now)
  }

  done(now: number, ms?: number): void {
    const server = this.current
    if (!server) return
    this.release(false, now)
    if (ms !== undefined) this.shared.balancer.observed?.(server, ms, now)
  }

  private next(now: number, last?: Failure): ForwardAction {
    const { config, servers } = this.shared
    const server = servers.single ? only(servers.all[0]!) : this.pick(now)
    if (server) {
      server.conns++
      this.shared.balancer.moved?.(server)
      if (!servers.single) server.passive.chosen(now)
      this.current = server
      this.status = undefined
      this.failure = undefined
      return { do: 'try', server: server.index }
    }
    const busy = servers.all.some((server) => server.full && server.available(now) && !this.tried?.has(server))
    if (busy && config.mayWait) return { do: 'wait', choosy: this.tried !== undefined }
    if (last && config.tellsLast) return { do: 'answer', failure: last }
    const failure = busy ? overLimit('every server has as many requests as it may') : noServer('no server may be tried')
    return { do: 'answer', failure }
  }

  private pick(now: number): Server | undefined {
    const may = (server: Server): boolean => !this.tried?.has(server) && server.available(now) && !server.full
    let server = this.choose(this.group, may, now)
    const { backups } = this.shared.servers
    if (!server && backups && this.group !== backups) {
      this.group = backups
      server = this.choose(backups, may, now)
    }
    return server
  }

  /** Ends the try at the current server, if there is one. */
  private release(failed: boolean, now: number): void {
    const server = this.current
    if (!server) return
    this.current = undefined
    server.conns--
    this.shared.balancer.moved?.(server)
    this.turned = undefined
    if (this.shared.servers.single) {
      this.left = 0
      return
    }
    this.tried = (this.tried ?? new Set()).add(server)
    this.turned = server.passive.ended(failed, this, now)
    if (this.left > 0) this.left--
  }

  private mayRepeat(
    condition: NextUpstreamCondition,
    written: boolean,
    { replayable }: Pick<FailedTry, 'replayable'>,
    now: number,
  ): boolean {
    const { nextUpstream, timeoutMs } = this.shared.config
    const careful = written && NON_IDEMPOTENT.has(this.request.method)
    const late = timeoutMs !== undefined && now - this.startedAt! >= timeoutMs
    return (
      nextUpstream.includes(condition) && (!careful || nextUpstream.includes('non_idempotent')) && replayable && !late
    )
  }
}

/** Failures do not exclude it: there is no other. */
const only = (server: Server): Server | undefined => (server.listed && !server.full ? server : undefined)

function countListed(servers: readonly Server[]): number {
  let count = 0
  for (const server of servers) if (server.listed) count++
  return count
}

/** Which condition each way to fail falls under; those without one are not about the server. */
const CONDITION: Readonly<Record<Failure['manner'], 'error' | 'timeout' | 'invalid_header' | undefined>> = {
  unresolved: 'error',
  refused: 'error',
  unroutable: 'error',
  reset: 'error',
  closed: 'error',
  alert: 'error',
  certificate: 'error',
  tls: 'error',
  timeout: 'timeout',
  http: 'invalid_header',
  unavailable: undefined,
  unauthorized: undefined,
  overloaded: undefined,
  exhausted: undefined,
  paused: undefined,
  exit: undefined,
  internal: undefined,
}
