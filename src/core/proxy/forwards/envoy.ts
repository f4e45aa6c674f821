/**
 * Forwarding as Envoy does it (router.cc, load_balancer_base.cc): no retry unless there is a policy, and then after a
 * jittered pause and at any server; one time limit for the whole response; circuit breakers; and where too few servers are
 * well, all of them. The decisions stand in ../envoy/.
 */
import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import type { Draw } from '../../../lib/random.js'
import { type Failure, noServer, overLimit } from '../../failure.js'
import type { BalancedRequest } from '../balancers/index.js'
import { CircuitBreakers, circuitBreakersSchema } from '../envoy/circuit_breakers.js'
import { levelFor, panicThresholdSchema, sharesOf } from '../envoy/panic.js'
import { fateOf } from '../envoy/reset_reason.js'
import { Retries, type RetryDecision, retryPolicySchema, type TryResult } from '../envoy/retry_policy.js'
import type { FailedTry, FieldOf, Forward, ForwardAction, ForwardParts } from '../forward.js'
import type { Ended } from '../passive_health/passive_health.js'
import type { Server } from '../server.js'
import type { Group } from '../servers.js'

const schema = z.strictObject({
  type: z.literal('envoy'),
  retry_policy: retryPolicySchema.optional().meta({ description: 'When a request is sent again; never if absent' }),
  route_timeout: duration()
    .prefault('15s')
    .meta({ description: 'For the complete response, retries and waiting included; 0s: no limit' }),
  panic_threshold: panicThresholdSchema,
  circuit_breakers: circuitBreakersSchema.prefault({}).meta({ description: 'What may be under way at once' }),
})

type Config = z.output<typeof schema>

export const envoy = {
  summary:
    'as Envoy: a retry policy with jittered pauses, one limit for the whole response, circuit breakers and panic',
  schema,
  create(config: Config, parts: ForwardParts): (request: BalancedRequest) => Forward {
    const { primaries, backups } = parts.servers
    const shared: Shared = {
      config,
      parts,
      groups: backups ? [primaries, backups] : [primaries],
      breakers: new CircuitBreakers(config.circuit_breakers),
      draw: parts.chance.stream('envoy'),
    }
    return (request) => new Course(shared, request)
  },
} as const

interface Shared {
  config: Config
  parts: ForwardParts
  /** By priority. */
  groups: readonly Group[]
  breakers: CircuitBreakers
  draw: Draw
}

const routeTimedOut: Failure = {
  type: 'http_response_timeout',
  stage: 'select',
  manner: 'timeout',
  details: 'the time of the route was over before a try was',
}

class Course implements Forward, Ended {
  turned: Forward['turned']
  denied: Forward['denied']
  retried = false
  /** What is told of the try. */
  status: number | undefined
  failure: Failure | undefined
  reused = false
  private readonly retries: Retries
  private current: Server | undefined
  private waiting = false
  private startedAt: number | undefined
  private triedAt = 0

  constructor(
    private readonly shared: Shared,
    private readonly request: BalancedRequest,
  ) {
    this.retries = new Retries(shared.config.retry_policy, shared.breakers)
  }

  start(now: number): ForwardAction {
    this.startedAt ??= now
    const left = this.left(now)
    if (left !== undefined && left <= 0) return this.refused(routeTimedOut)
    const { breakers, parts } = this.shared
    const choice = this.choice(now)
    if (!choice) return this.refused(noServer('no server may be tried'))
    const admission = breakers.admits(this.waiting)
    if (admission === 'overflow') return this.refused(overLimit('a circuit breaker is open'))
    const server = admission === 'send' ? this.choose(choice, now) : undefined
    if (server) return this.tryAt(server, left, now)
    if (!parts.mayWait) return this.refused(overLimit('every connection that may be is in use'))
    this.setWaiting(true)
    return { do: 'wait', choosy: false, forMs: left }
  }

  failed(last: FailedTry, now: number): ForwardAction {
    const failure = this.whoseLimit(last, now)
    this.failure = failure
    this.reused = last.reused
    this.tell(true, now)
    this.release()
    if (last.responseBegun) return this.over({ do: 'cut', failure })
    const result = resultOf(failure, last.requestWritten)
    const decision = result && last.replayable ? this.retries.after(result, this.shared.draw()) : undefined
    return this.again(decision, now) ?? this.over({ do: 'answer', failure })
  }

  answered(status: number, replayable: boolean, now: number, header: FieldOf = unknown): ForwardAction | undefined {
    this.status = status
    this.tell(status >= 500, now)
    this.status = undefined
    if (!replayable || !this.shared.config.retry_policy) return undefined
    const decision = this.retries.after({ is: 'answered', status, header }, this.shared.draw())
    if (decision.retry === 'yes') this.release()
    return this.again(decision, now)
  }

  done(now: number, ms?: number): void {
    const server = this.current
    this.release()
    this.setWaiting(false)
    this.retries.release()
    if (server && ms !== undefined) this.shared.parts.balancer.observed?.(server, ms, now)
  }

  /** What is left of the time of the route; undefined: there is no limit. */
  private left(now: number): number | undefined {
    const { route_timeout } = this.shared.config
    return route_timeout === 0 ? undefined : route_timeout - (now - this.startedAt!)
  }

  /** Who may be chosen of whom; undefined: nobody, for want of health and not of room. */
  private choice(now: number): { group: Group; panic: boolean } | undefined {
    const { groups, config, draw } = this.shared
    const levels = groups.map(({ servers }) => {
      let hosts = 0
      let available = 0
      for (const server of servers) {
        if (!isHost(server)) continue
        hosts++
        if (server.available(now)) available++
      }
      return { hosts, available }
    })
    const { loads, panics } = sharesOf(levels, config.panic_threshold)
    const level = loads.length === 1 ? 0 : levelFor(loads, draw())
    const panic = panics[level]!
    if ((panic ? levels[level]!.hosts : levels[level]!.available) === 0) return undefined
    return { group: groups[level]!, panic }
  }

  private choose({ group, panic }: { group: Group; panic: boolean }, now: number): Server | undefined {
    const may = (server: Server): boolean => !server.full && (panic ? isHost(server) : server.available(now))
    return this.shared.parts.balancer.begin(this.request)(group, may, now)
  }

  private tryAt(server: Server, totalMs: number | undefined, now: number): ForwardAction {
    const { breakers, config } = this.shared
    this.setWaiting(false)
    this.current = server
    this.triedAt = now
    this.turned = undefined
    this.failure = undefined
    server.conns++
    breakers.requests++
    server.passive.chosen(now)
    return { do: 'try', server: server.index, headMs: config.retry_policy?.per_try_timeout, totalMs }
  }

  /** The engine tells that the try took too long; which of its two limits it was, hangs on the time. */
  private whoseLimit({ failure, responseBegun }: FailedTry, now: number): Failure {
    const perTry = this.shared.config.retry_policy?.per_try_timeout
    if (failure.type !== 'http_response_timeout' || responseBegun || perTry === undefined) return failure
    const left = this.left(this.triedAt)
    const ofTry = left === undefined || (perTry < left && now - this.triedAt < left)
    return ofTry ? { ...failure, per_try: true } : failure
  }

  private again(decision: RetryDecision | undefined, now: number): ForwardAction | undefined {
    if (!decision || decision.retry === 'no') return undefined
    if (decision.retry !== 'yes') {
      this.denied = decision.retry
      return undefined
    }
    this.retried = true
    const left = this.left(now)
    return { do: 'pause', ms: left === undefined ? decision.afterMs : Math.max(0, Math.min(decision.afterMs, left)) }
  }

  private tell(failed: boolean, now: number): void {
    this.turned = this.current?.passive.ended(failed, this, now) ?? this.turned
  }

  private release(): void {
    if (!this.current) return
    this.current.conns--
    this.current = undefined
    this.shared.breakers.requests--
  }

  private refused(failure: Failure): ForwardAction {
    return this.over({ do: 'answer', failure })
  }

  private over(action: ForwardAction): ForwardAction {
    this.setWaiting(false)
    this.retries.release()
    return action
  }

  private setWaiting(waiting: boolean): void {
    if (waiting !== this.waiting) this.shared.breakers.pending += waiting ? 1 : -1
    this.waiting = waiting
  }
}

const unknown: FieldOf = () => undefined

/** In the list, well or not. */
const isHost = ({ member, config }: Server): boolean => member && !config.down

/** What the retry policy is asked about; undefined: that is never tried again. */
function resultOf(failure: Failure, requestStarted: boolean): TryResult | undefined {
  const fate = fateOf(failure)
  if (fate.is === 'reset') return { is: 'reset', reason: fate.reason, requestStarted }
  return fate.is === 'late' && fate.limit === 'try' ? { is: 'late' } : undefined
}
