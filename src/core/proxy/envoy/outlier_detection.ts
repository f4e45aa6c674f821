/**
 * Outlier detection as Envoy has it (outlier_detection_impl.cc, v1.28 and later): who answers badly is ejected for a
 * while, and longer each time it happens again. One for each proxy; the engine reports how tries ended, and the rules of
 * forwarding ask whom they may choose. Time and draws are arguments: what its timer would have done by now, `advance` does.
 */
import { z } from 'zod'
import { duration, share } from '../../../lib/quantity.js'
import type { Draw } from '../../../lib/random.js'
import { failing, type RateLimits, type Sample } from './success_rate.js'

const inARow = (count: number, what: string) =>
  z
    .int()
    .min(0)
    .default(count)
    .meta({ description: `${what} in a row eject it; 0: never` })
const enforced = (percent: `${number}%`, what: string) =>
  share()
    .prefault(percent)
    .meta({ description: `How many of those that ${what} are really ejected, by chance` })
const most = (count: number, description: string) => z.int().min(0).default(count).meta({ description })

export const outlierDetectionSchema = z
  .strictObject({
    consecutive_5xx: inARow(5, 'So many answers from 500 to 599, or failures that become one,'),
    consecutive_gateway_failure: inARow(5, 'So many of 502, 503 and 504, answered or ours,'),
    consecutive_local_origin_failure: inARow(5, 'With the split, so many timeouts, resets and failed connects'),
    split_external_local_origin_errors: z
      .boolean()
      .default(false)
      .meta({ description: 'What failed here counts apart from what the server answered' }),
    interval: duration().prefault('10s').meta({ description: 'Between two looks at rates and at who may return' }),
    base_ejection_time: duration()
      .prefault('30s')
      .meta({ description: 'How long it is ejected, times the ejections that have come in a row' }),
    max_ejection_time: duration()
      .optional()
      .meta({ description: 'At most so long; 300s, or base_ejection_time if that is longer, if absent' }),
    max_ejection_time_jitter: duration()
      .prefault('0ms')
      .meta({ description: 'Up to so much longer, by chance, so that not all return at once' }),
    max_ejection_percent: share().prefault('10%').meta({ description: 'At most so many of the servers at a time' }),
    always_eject_one_host: z
      .boolean()
      .default(true)
      .meta({ description: 'One may be ejected whatever the percentage; Envoy did so up to 1.27, and asks since' }),
    enforcing_consecutive_5xx: enforced('100%', 'answered 5xx too often'),
    enforcing_consecutive_gateway_failure: enforced('0%', 'answered 502, 503 or 504 too often'),
    enforcing_consecutive_local_origin_failure: enforced('100%', 'could not be reached too often'),
    success_rate_minimum_hosts: most(5, 'So many servers need a rate before rates are compared'),
    success_rate_request_volume: most(100, 'Requests in an interval that give a server a rate'),
    success_rate_stdev_factor: most(1900, 'In thousandths: below the mean less so many deviations it is an outlier'),
    enforcing_success_rate: enforced('100%', 'have a low success rate'),
    enforcing_local_origin_success_rate: enforced('100%', 'have a low success rate of connecting'),
    failure_percentage_threshold: z
      .int()
      .min(0)
      .max(100)
      .default(85)
      .meta({ description: 'In percent: with so many failures in an interval it is an outlier' }),
    failure_percentage_minimum_hosts: most(5, 'So many servers need a rate before failures are looked at'),
    failure_percentage_request_volume: most(50, 'Requests in an interval that make failures count'),
    enforcing_failure_percentage: enforced('0%', 'fail too often'),
    enforcing_failure_percentage_local_origin: enforced('0%', 'fail to connect too often'),
    successful_active_health_check_uneject_host: z
      .boolean()
      .default(true)
      .meta({ description: 'A check that passes ends the ejection' }),
  })
  .refine(({ base_ejection_time, max_ejection_time = base_ejection_time }) => max_ejection_time >= base_ejection_time, {
    path: ['max_ejection_time'],
    error: 'expected no less than base_ejection_time',
  })
  .refine(({ interval }) => interval > 0, { path: ['interval'], error: 'expected more than nothing' })

export type OutlierDetectionConfig = z.output<typeof outlierDetectionSchema>

/**
 * How a try ended. `connected` comes beside what follows on the connection; `unreached` is a failed connect or a reset,
 * whenever it came; `late` is a time limit of ours.
 */
export type Outcome = { is: 'connected' } | { is: 'unreached' } | { is: 'late' } | { is: 'answered'; status: number }

export type EjectionReason =
  | 'consecutive_5xx'
  | 'consecutive_gateway_failure'
  | 'consecutive_local_origin_failure'
  | 'success_rate'
  | 'local_origin_success_rate'
  | 'failure_percentage'
  | 'failure_percentage_local_origin'

/** What became of a server. */
export type Turn = { host: number; at: number } & (
  | { turned: 'ejected'; why: EjectionReason; forMs: number }
  | { turned: 'returned' }
)

type Origin = 'external' | 'local'
type Run = 'consecutive_5xx' | 'consecutive_gateway_failure' | 'consecutive_local_origin_failure'

interface Host {
  member: boolean
  ejection: { since: number; forMs: number } | undefined
  returnedAt: number | undefined
  /** Ejections in a row: it goes down again by one for each interval in which the server is well. */
  backoff: number
  runs: Record<Run, number>
  /** What came since the last interval began. */
  rates: Record<Origin, Sample>
}

const nothing = (): Sample => ({ total: 0, good: 0 })
const noRuns = (): Host['runs'] => ({
  consecutive_5xx: 0,
  consecutive_gateway_failure: 0,
  consecutive_local_origin_failure: 0,
})
const fresh = (): Host => ({
  member: true,
  ejection: undefined,
  returnedAt: undefined,
  backoff: 0,
  runs: noRuns(),
  rates: { external: nothing(), local: nothing() },
})

const DEFAULT_MAX_EJECTION_MS = 300_000

export class OutlierDetection {
  private readonly hosts: Host[]
  private nextLook: number | undefined
  private turns: Turn[] = []

  /** @param hosts how many there are; each goes by its index */
  constructor(
    private readonly config: OutlierDetectionConfig,
    hosts: number,
    private readonly draw: Draw,
  ) {
    this.hosts = Array.from({ length: hosts }, fresh)
  }

  isEjected(host: number): boolean {
    return this.hosts[host]!.ejection !== undefined
  }

  /** Answers from 500 to 599 in a row, and what counts as one. */
  failsInARow(host: number): number {
    return this.hosts[host]!.runs.consecutive_5xx
  }

  /** How many ejections have come in a row, and count for how long the next one is. */
  ejectionsInARow(host: number): number {
    return this.hosts[host]!.backoff
  }

  /** Does what its timer would have done by now, and says what that came to; times must not decrease. */
  advance(now: number): Turn[] {
    this.nextLook ??= now + this.config.interval
    while (this.nextLook <= now) {
      this.look(this.nextLook)
      this.nextLook += this.config.interval
    }
    return this.taken()
  }

  report(host: number, outcome: Outcome, now: number): Turn[] {
    const turns = this.advance(now)
    const state = this.hosts[host]!
    const split = this.config.split_external_local_origin_errors
    if (outcome.is === 'answered') this.answered(state, outcome.status, now)
    else if (split) this.connecting(state, outcome.is === 'connected', now)
    // Without the split what failed here is taken for what it is answered with.
    else if (outcome.is !== 'connected') this.answered(state, outcome.is === 'late' ? 504 : 503, now)
    return [...turns, ...this.taken()]
  }

  /** An active check of it passed, and it is well as far as they can tell. */
  checkPassed(host: number, now: number): Turn[] {
    const turns = this.advance(now)
    if (this.config.successful_active_health_check_uneject_host) this.giveBack(this.hosts[host]!, now)
    return [...turns, ...this.taken()]
  }

  /** It joins or leaves the list; who joins has done nothing yet. */
  setMember(host: number, member: boolean): void {
    this.hosts[host] = { ...fresh(), member }
  }

  private answered(host: Host, status: number, now: number): void {
    const { external } = host.rates
    external.total++
    if (status < 500 || status > 599) {
      external.good++
      host.runs.consecutive_5xx = host.runs.consecutive_gateway_failure = 0
      return
    }
    if (status >= 502 && status <= 504) this.count(host, 'consecutive_gateway_failure', now)
    else host.runs.consecutive_gateway_failure = 0
    this.count(host, 'consecutive_5xx', now)
  }

  private connecting(host: Host, connected: boolean, now: number): void {
    const { local } = host.rates
    local.total++
    if (!connected) return this.count(host, 'consecutive_local_origin_failure', now)
    local.good++
    host.runs.consecutive_local_origin_failure = 0
  }

  /** The one that makes it full ejects; those beyond count for nothing until something has gone well. */
  private count(host: Host, run: Run, now: number): void {
    host.runs[run]++
    if (host.runs[run] !== this.config[run] || host.ejection) return
    this.eject(host, run, now)
    host.runs[run] = 0
  }

  private eject(host: Host, why: EjectionReason, now: number): void {
    if (host.ejection || !this.mayEject() || this.draw() >= this.config[`enforcing_${why}`]) return
    const { base_ejection_time: base, max_ejection_time_jitter } = this.config
    if (host.backoff * base < this.longest + base) host.backoff++
    const jitter = Math.floor(this.draw() * (max_ejection_time_jitter + 1))
    const forMs = Math.min(base * host.backoff, this.longest) + jitter
    host.ejection = { since: now, forMs }
    this.turns.push({ host: this.hosts.indexOf(host), at: now, turned: 'ejected', why, forMs })
  }

  private get longest(): number {
    const { base_ejection_time, max_ejection_time } = this.config
    return max_ejection_time ?? Math.max(DEFAULT_MAX_EJECTION_MS, base_ejection_time)
  }

  private mayEject(): boolean {
    const members = this.hosts.filter(({ member }) => member)
    const ejected = members.filter(({ ejection }) => ejection).length
    const { always_eject_one_host, max_ejection_percent } = this.config
    // A share is a decimal fraction: 0.3 of ten is three.
    const most = max_ejection_percent * members.length + 1e-9
    return ejected + 1 <= most || (always_eject_one_host && ejected === 0)
  }

  private giveBack(host: Host, now: number): void {
    if (!host.ejection) return
    host.ejection = undefined
    host.returnedAt = now
    host.runs = noRuns()
    this.turns.push({ host: this.hosts.indexOf(host), at: now, turned: 'returned' })
  }

  /** What is due at every interval: who has been out for long enough returns, and rates are compared. */
  private look(now: number): void {
    for (const host of this.hosts) {
      if (host.ejection && now - host.ejection.since >= host.ejection.forMs) this.giveBack(host, now)
    }
    for (const origin of ['external', 'local'] as const) this.compare(origin, now)
    for (const host of this.hosts) {
      const well = host.ejection === undefined && host.returnedAt !== undefined
      if (well && now - host.returnedAt! >= this.config.interval && host.backoff > 0) host.backoff--
      host.rates = { external: nothing(), local: nothing() }
    }
  }

  private compare(origin: Origin, now: number): void {
    const members = this.hosts.filter(({ member }) => member)
    const samples = this.hosts.map((host) => (host.member && !host.ejection ? host.rates[origin] : undefined))
    const { low, often } = failing(samples, members.length, limitsOf(this.config))
    const local = origin === 'local'
    for (const index of low) {
      this.eject(this.hosts[index]!, local ? 'local_origin_success_rate' : 'success_rate', now)
    }
    for (const index of often) {
      this.eject(this.hosts[index]!, local ? 'failure_percentage_local_origin' : 'failure_percentage', now)
    }
  }

  private taken(): Turn[] {
    const { turns } = this
    this.turns = []
    return turns
  }
}

const limitsOf = (config: OutlierDetectionConfig): RateLimits => ({
  successRate: {
    hosts: config.success_rate_minimum_hosts,
    volume: config.success_rate_request_volume,
    deviations: config.success_rate_stdev_factor / 1000,
  },
  failures: {
    hosts: config.failure_percentage_minimum_hosts,
    volume: config.failure_percentage_request_volume,
    percent: config.failure_percentage_threshold,
  },
})
