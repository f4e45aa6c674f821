/**
 * Forwarding as Caddy 2.6 does it (modules/caddyhttp/reverseproxy/reverseproxy.go: proxyLoopIteration, tryAgain): one try
 * unless it is told otherwise; then whoever the policy names next, that may be the server that has just failed.
 */
import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { type Failure, noServer, overLimit } from '../../failure.js'
import type { BalancedRequest, Choose } from '../balancers/index.js'
import type { FailedTry, Forward, ForwardAction, ForwardParts } from '../forward.js'
import type { Ended } from '../passive_health/passive_health.js'
import type { Server } from '../server.js'
import { isMatched, retryMatchSchema } from './caddy_retry_match.js'

const schema = z.strictObject({
  type: z.literal('caddy'),
  retries: z.int().min(0).max(100).default(0).meta({
    description: 'Tries after the first one, with those for which no server was there; 0: as many as try_duration lets',
  }),
  try_duration: duration().prefault('0s').meta({
    description: 'How long a server is looked for; 0s: no limit but retries, and one try where both are 0',
  }),
  try_interval: duration()
    .optional()
    .meta({ description: 'The pause between two tries; 250ms if absent, and none without a try_duration' }),
  retry_match: retryMatchSchema.optional(),
})

type Config = z.output<typeof schema>

export const caddy = {
  summary: 'as Caddy: one try, or retries within try_duration, at whichever server is next for all requests together',
  schema,
  create(config: Config, parts: ForwardParts): (request: BalancedRequest) => Forward {
    // Without any, it would do nothing else for so long.
    const try_interval = config.try_interval || (config.try_duration > 0 ? USUAL_INTERVAL_MS : 0)
    const shared = { config: { ...config, try_interval }, parts }
    return (request) => new Course(shared, request)
  },
} as const

const USUAL_INTERVAL_MS = 250

interface Shared {
  config: Config & { try_interval: number }
  parts: ForwardParts
}

class Course implements Forward, Ended {
  turned: Forward['turned']
  /** How the last try ended. */
  status: number | undefined
  failure: Failure | undefined
  reused = false
  private readonly choose: Choose
  private current: Server | undefined
  private startedAt: number | undefined
  private retries = 0
  /** What the client would be told. */
  private last: Failure | undefined

  constructor(
    private readonly shared: Shared,
    private readonly request: BalancedRequest,
  ) {
    this.choose = shared.parts.balancer.begin(request)
  }

  start(now: number): ForwardAction {
    this.startedAt ??= now
    for (;;) {
      const server = this.pick(now)
      if (server) return this.tryAt(server, now)
      // Nobody is there: that is one of its tries, and what happened before is what the client hears of.
      this.last ??= this.unavailable(now)
      const next = this.again(this.last, now)
      if (next !== 'at once') return next
    }
  }

  failed(last: FailedTry, now: number): ForwardAction {
    const { failure, responseBegun } = last
    // What happens to a body counts against nobody.
    if (responseBegun) {
      this.release()
      return { do: 'cut', failure }
    }
    if (this.isGosOwn(last)) return { do: 'try', server: this.current!.index }
    this.failure = failure
    this.reused = last.reused
    this.turned = this.current!.passive.ended(true, this, now)
    this.release()
    this.last = failure
    // Its transport has closed the body by then: a further try would have none to send.
    if (hasBody(this.request)) return { do: 'answer', failure }
    const next = this.again(failure, now)
    return next === 'at once' ? this.start(now) : next
  }

  /** Whatever the status: it is passed on. */
  answered(status: number, _replayable: boolean, now: number): undefined {
    this.status = status
    this.turned = this.current!.passive.ended(false, this, now)
  }

  done(now: number, ms?: number): void {
    const server = this.current
    if (!server) return
    this.release()
    if (ms !== undefined) this.shared.parts.balancer.observed?.(server, ms, now)
  }

  private pick(now: number): Server | undefined {
    const { primaries, backups } = this.shared.parts.servers
    const may = (server: Server): boolean => server.available(now) && !server.full
    return this.choose(primaries, may, now) ?? (backups && this.choose(backups, may, now))
  }

  private tryAt(server: Server, now: number): ForwardAction {
    server.conns++
    this.shared.parts.balancer.moved?.(server)
    server.passive.chosen(now)
    this.current = server
    this.turned = undefined
    this.status = undefined
    this.failure = undefined
    return { do: 'try', server: server.index }
  }

  /** tryAgain of reverseproxy.go. */
  private again(failure: Failure, now: number): ForwardAction | 'at once' {
    const { retries, try_duration, try_interval } = this.shared.config
    const late = try_duration > 0 && now - this.startedAt! >= try_duration
    const spent = retries > 0 && this.retries >= retries
    const never = retries === 0 && try_duration === 0
    if (never || late || spent || !this.mayRepeat(failure)) return { do: 'answer', failure }
    this.retries++
    return try_interval === 0 ? 'at once' : { do: 'pause', ms: try_interval }
  }

  /** Without a connection nothing was sent. A handshake is no part of the dial to Caddy, and neither is a lack of servers. */
  private mayRepeat({ stage }: Failure): boolean {
    if (stage === 'dns' || stage === 'connect') return true
    const { retry_match } = this.shared.config
    return retry_match ? isMatched(retry_match, this.request) : this.request.method === 'GET'
  }

  /**
   * Go's transport sends a request again by itself where a connection that it had kept ends before a byte of the response
   * (net/http, transport.go: shouldRetryRequest, isReplayable); Caddy knows nothing of it.
   */
  private isGosOwn({ failure, reused }: FailedTry): boolean {
    if (!reused || failure.type !== 'connection_terminated' || hasBody(this.request)) return false
    const marked = this.request.header('idempotency-key') ?? this.request.header('x-idempotency-key')
    return REPLAYABLE.has(this.request.method) || marked !== undefined
  }

  private unavailable(now: number): Failure {
    const busy = this.shared.parts.servers.all.some((server) => server.full && server.available(now))
    return busy ? overLimit('every server has as many requests as it may') : noServer('no server may be tried')
  }

  private release(): void {
    const server = this.current!
    this.current = undefined
    server.conns--
    this.shared.parts.balancer.moved?.(server)
  }
}

const REPLAYABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

const hasBody = (request: BalancedRequest): boolean =>
  request.header('transfer-encoding') !== undefined || Number(request.header('content-length') ?? 0) > 0
