/**
 * Forwarding as HAProxy 2.6 does it (backend.c, http_ana.c, queue.c): a failed connection is tried again at the same
 * server after a pause, unless it may move; everything else is retried only if the scenario says so; requests queue.
 */
import { z } from 'zod'
import { type Failure, noServer, overLimit } from '../../failure.js'
import type { BalancedRequest, Choose } from '../balancers/index.js'
import type { FailedTry, Forward, ForwardAction, ForwardParts } from '../forward.js'
import type { Ended } from '../passive_health/passive_health.js'
import type { Server } from '../server.js'
import type { Group } from '../servers.js'
import { Queues } from './haproxy_queues.js'
import { type RetryOn, retryEvent, retryOnOf, retryOnSchema } from './haproxy_retry_on.js'

const schema = z.strictObject({
  type: z.literal('haproxy'),
  retries: z.int().min(0).max(100).default(3).meta({ description: 'Tries after the first one' }),
  retry_on: retryOnSchema,
  redispatch: z
    .union([z.literal('off').transform(() => 0), z.literal('on').transform(() => -1), z.int().min(-100).max(100)])
    .prefault('off')
    .meta({
      description:
        'Whether a retry may go to another server: on, or N for every Nth retry and -N for the Nth before the last; with any, at once where the balancer is none of hashes and another server is up',
    }),
  all_backups: z
    .boolean()
    .default(false)
    .meta({ description: 'Without any other server, all backup servers are used, and not only the first' }),
})

type Config = z.output<typeof schema>

export const haproxy = {
  summary: 'as HAProxy: three retries of failed connections at the same server, a second apart, and queues',
  schema,
  create(config: Config, parts: ForwardParts): (request: BalancedRequest) => Forward {
    const shared = { config, parts, retryOn: retryOnOf(config.retry_on), queues: new Queues(parts) }
    return (request) => new Course(shared, request)
  },
} as const

interface Shared {
  config: Config
  parts: ForwardParts
  retryOn: RetryOn
  queues: Queues
}

/** HAProxy's longest pause before the same server is tried again: this, or the limit for connecting. */
const LONGEST_PAUSE_MS = 1000

class Course implements Forward, Ended {
  turned: Forward['turned']
  /** How the last try ended. */
  status: number | undefined
  failure: Failure | undefined
  reused = false
  /** One of its tries went out on a connection that had served before: SF_SRV_REUSED, which is never taken back. */
  private everReused = false
  private readonly choose: Choose
  /** Where its place is: it is being tried there, or will be after a pause. */
  private at: Server | undefined
  private before: Server | undefined
  private retries = 0

  constructor(
    private readonly shared: Shared,
    private readonly request: BalancedRequest,
  ) {
    this.choose = shared.parts.balancer.begin(request)
  }

  start(now: number): ForwardAction {
    const { queues } = this.shared
    if (this.at) return this.tryAt(this.at)
    const waiting = queues.placeOf(this)
    if (waiting === undefined) return this.assign(now)
    const server = queues.next(waiting, this.usable(now), now)
    if (server === 'gone') {
      queues.leave(this)
      return this.assign(now)
    }
    if (!server) return { do: 'wait', choosy: waiting !== 'any' }
    queues.leave(this)
    return this.take(server, now)
  }

  failed(last: FailedTry, now: number): ForwardAction {
    const { failure, responseBegun } = last
    this.failure = failure
    this.reused = last.reused
    this.everReused ||= last.reused
    if (responseBegun) {
      this.tell(failure.manner === 'http', now)
      this.release()
      return { do: 'cut', failure }
    }
    this.status = undefined
    return isConnFailure(last) ? this.unconnected(last, now) : this.unanswered(last, now)
  }

  answered(status: number, replayable: boolean, now: number): ForwardAction | undefined {
    this.turned = undefined
    if (replayable && this.shared.retryOn.has(status) && this.mayRetry) return this.retry(now)
    this.status = status
    this.tell(false, now)
    return undefined
  }

  done(now: number, ms?: number): void {
    this.shared.queues.leave(this)
    const server = this.at
    if (!server) return
    this.release()
    if (ms !== undefined) this.shared.parts.balancer.observed?.(server, ms, now)
  }

  /** back_handle_st_cer: only an error that came by itself is worth a pause, not a limit that ran out. */
  private unconnected({ failure, reused }: FailedTry, now: number): ForwardAction {
    this.tell(true, now)
    if (!this.shared.retryOn.has('conn-failure') || !this.mayRetry || isWrongName(failure)) {
      this.release()
      // http_return_srv_error: only the limit for connecting is told after all.
      return this.everReused && failure.manner !== 'timeout' ? { do: 'close', failure } : { do: 'answer', failure }
    }
    const pauses = failure.manner !== 'timeout' && !reused
    this.retries++
    if (!this.moves(now)) return pauses ? this.pause() : this.tryAt(this.at!)
    this.release()
    return pauses && this.active(now) <= 1 ? this.pause() : this.assign(now)
  }

  /** http_wait_for_response. */
  private unanswered(last: FailedTry, now: number): ForwardAction {
    const { failure, replayable } = last
    const event = retryEvent(failure)
    if (event === 'junk-response') this.tell(true, now)
    if (event && replayable && this.shared.retryOn.has(event) && this.mayRetry) return this.retry(now)
    // A client that has sent several requests is to send the last one again by itself (abort_keep_alive).
    const silent = this.request.later === true && event === 'empty-response'
    if (!silent && event !== 'junk-response') this.tell(true, now)
    this.release()
    return silent ? { do: 'close', failure } : { do: 'answer', failure }
  }

  /** do_l7_retry: without a pause. */
  private retry(now: number): ForwardAction {
    this.retries++
    if (!this.moves(now)) return this.tryAt(this.at!)
    this.release()
    return this.assign(now)
  }

  private get mayRetry(): boolean {
    return this.retries < this.shared.config.retries
  }

  private pause(): ForwardAction {
    return { do: 'pause', ms: Math.min(this.shared.parts.connectMs, LONGEST_PAUSE_MS) }
  }

  /** stream_choose_redispatch. */
  private moves(now: number): boolean {
    const { redispatch, retries } = this.shared.config
    if (redispatch === 0) return false
    const every = redispatch > 0 ? redispatch : retries + 1 + redispatch
    const due = this.retries % every === 0
    return due || !this.at!.listed || (!this.shared.queues.hashes && this.active(now) > 1)
  }

  /** assign_server_and_queue. */
  private assign(now: number): ForwardAction {
    const { config, parts, queues } = this.shared
    const group = this.usable(now)
    if (!group) {
      // Also after a failure: what the client hears of is this one.
      return { do: 'answer', failure: noServer('no server may be tried') }
    }
    const backup = group === parts.servers.backups && !config.all_backups
    if (!backup && queues.full) return this.wait('any')
    const server = backup ? firstUsable(group, now) : this.chosen(group, now)
    if (!server) return this.wait('any')
    if (queues.hasRoom(server, now)) return this.take(server, now)
    const { max_queue } = server.config
    if (max_queue > 0 && queues.lengthOf(server) >= max_queue) {
      return { do: 'answer', failure: overLimit('the queue of the server is full') }
    }
    return this.wait(server)
  }

  private chosen(group: Group, now: number): Server | undefined {
    const { parts, queues } = this.shared
    // A hash finds the same server again, full or not.
    if (queues.hashes) return parts.balancer.begin(this.request)(group, (server) => server.available(now), now)
    const may = (server: Server): boolean => server.available(now) && queues.hasRoom(server, now)
    if (queues.avoids || !this.before) return this.choose(group, may, now, this.before)
    // To a balancer that knows of nobody to avoid, it is one that may not be asked as long as there is another.
    return this.choose(group, (server) => server !== this.before && may(server), now) ?? this.choose(group, may, now)
  }

  private wait(place: Server | 'any'): ForwardAction {
    const { parts, queues } = this.shared
    if (!parts.mayWait) return { do: 'answer', failure: overLimit('every server has as many requests as it may') }
    queues.enter(this, place)
    return { do: 'wait', choosy: place !== 'any' }
  }

  private take(server: Server, now: number): ForwardAction {
    server.conns++
    this.shared.parts.balancer.moved?.(server)
    server.passive.chosen(now)
    this.at = server
    return this.tryAt(server)
  }

  private tryAt(server: Server): ForwardAction {
    this.status = undefined
    this.failure = undefined
    this.reused = false
    return { do: 'try', server: server.index }
  }

  private tell(failed: boolean, now: number): void {
    this.turned = this.at!.passive.ended(failed, this, now)
  }

  private release(): void {
    const server = this.at!
    this.at = undefined
    this.before = server
    server.conns--
    this.shared.parts.balancer.moved?.(server)
  }

  /** Who may be asked at all: the active ones, or the backups while there is none. */
  private usable(now: number): Group | undefined {
    const { primaries, backups } = this.shared.parts.servers
    if (firstUsable(primaries, now)) return primaries
    return backups && firstUsable(backups, now) ? backups : undefined
  }

  private active(now: number): number {
    let count = 0
    for (const server of this.shared.parts.servers.primaries.servers) if (server.available(now)) count++
    return count
  }
}

const firstUsable = ({ servers }: Group, now: number): Server | undefined =>
  servers.find((server) => server.available(now))

const isConnFailure = ({ failure, requestWritten }: FailedTry): boolean =>
  failure.stage === 'dns' || failure.stage === 'connect' || failure.stage === 'tls' || !requestWritten

/** CO_ER_SSL_MISMATCH_SNI: a certificate of another name is no matter of luck. */
const isWrongName = ({ certificate_error }: Failure): boolean =>
  certificate_error !== undefined && /ALTNAME_INVALID|HOSTNAME_MISMATCH/.test(certificate_error)
