/**
 * The one reducer: a run's events in, its facts out. Checks, metrics and reports read these facts and nothing else, so
 * they can't disagree. It streams: counts and histograms are kept, never events, and every table has a limit.
 */
import { type InnerList, type Item, type List, parseList } from 'structured-headers'
import type { Failure } from '../core/failure.js'
import type {
  AcceptingEvent,
  AttemptEvent,
  ForwardEvent,
  JournalEvent,
  OperationEvent,
  RequestEvent,
  ServedEvent,
} from './events.js'
import { createLatency, type Latency } from './latency.js'
import type { ClientMetrics } from './result.js'
import { createServersFold, type ServerFacts } from './server_facts.js'
import { byName, createTally, type Tally } from './tally.js'

export interface Facts {
  /** How often each fault took effect; null where nobody could tell. Ask `firedCount`. */
  readonly fired: ReadonlyMap<string, number | null>
  readonly clients: ReadonlyMap<string, ClientFacts>
  readonly proxies: ReadonlyMap<string, ProxyFacts>
  /** By proxy. */
  readonly servers: ReadonlyMap<string, ServerFacts>
  readonly origins: ReadonlyMap<string, OriginFacts>
  /** Connections that each server hop accepted, those of health checks included. */
  readonly connections: ReadonlyMap<string, number>
  readonly logs: ReadonlyMap<string, LineFacts>
  /** What went wrong outside the experiment. */
  readonly errors: readonly string[]
  /** From the load's start to the end of the last request, in milliseconds. */
  readonly load_ms: number
  readonly interrupted: boolean
  /** How late timers were, in milliseconds, at worst. */
  readonly lag_ms: number
}

export interface ClientFacts {
  metrics: ClientMetrics
  /** Fewest and most body bytes that an attempt brought; null without attempts. */
  bytes: { min: number; max: number } | null
  /** The Proxy-Status fields that attempts brought. */
  proxyStatuses: LineFacts
}

/** Without the health checks of a proxy in front. */
export interface ProxyFacts {
  requests: number
  tries: number
  /** Responses that were begun and cut. */
  cut: number
  /** Requests whose client left before the response was complete. */
  clientLeft: number
  /** Statuses sent downstream. */
  statuses: Counts
  /** Of these, an upstream's own: the response was passed on, whatever it says. */
  passed: Counts
  /** Answered from the cache: `hit`, or `stale` in the place of a failure. */
  cached: Counts
  /** Of requests: why the proxy answered in its own words, or cut. */
  failures: readonly FailureCount[]
  /** Of tries, those included after which another server answered. */
  triesFailed: readonly FailureCount[]
}

export interface FailureCount extends Pick<Failure, 'type' | 'stage' | 'manner' | 'details' | 'or'> {
  /** The X-Proxy-Error that went with it. */
  proxy_error?: string
  count: number
}

/** Requests that an origin read, without health checks and those for its health page. */
export interface OriginFacts {
  requests: number
  statuses: Counts
  /** How often it stopped accepting connections. */
  stops: number
  /** By `ServedOutcome`. */
  outcomes: Counts
  /** Where it counts operations: how often any was applied, and how many of their keys more than once. */
  operations: { applied: number; repeated: number }
}

export interface LineFacts {
  lines: Counts
  /** Lines beyond the limit of distinct ones: how often, but not what they said. */
  others: number
}

/** By status, outcome or line, in the order of first occurrence. */
export type Counts = ReadonlyMap<string, number>

export interface Reduction {
  add(event: JournalEvent): void
  /** A picture of this moment; later events do not change it. */
  readonly facts: Facts
}

/** How often a fault took effect: 0 where no event tells of it, null where nobody could tell. */
export function firedCount(facts: Pick<Facts, 'fired'>, id: string): number | null {
  const fired = facts.fired.get(id)
  return fired === undefined ? 0 : fired
}

/** @param untold ids of faults whose firing nobody can tell: null unless somebody did. */
export function createReduction(untold: readonly string[] = []): Reduction {
  const fired = createTally()
  const connections = createTally()
  const errors = createTally()
  const clients = byName(createClientFold)
  const proxies = byName(createProxyFold)
  const servers = byName(createServersFold)
  const origins = byName(createOriginFold)
  const logs = byName(createTally)
  let loadMs = 0
  let interrupted = false
  let lagMs = 0
  return {
    add(event) {
      if (event.event === 'fault') fired.add(event.fault)
      else if (event.event === 'connection') connections.add(event.hop)
      else if (event.event === 'served') origins.at(event.hop).served(event)
      else if (event.event === 'operation') origins.at(event.hop).operation(event)
      else if (event.event === 'accepting') origins.at(event.hop).accepting(event)
      else if (event.event === 'forward') {
        if (event.health) return
        proxies.at(event.hop).forward(event)
        servers.at(event.hop).forward(event)
      } else if (event.event === 'check') servers.at(event.hop).checked(event)
      else if (event.event === 'server') servers.at(event.hop).turned(event)
      else if (event.event === 'log') logs.at(event.hop).add(event.line)
      else if (event.event === 'attempt') clients.at(event.client).attempt(event)
      else if (event.event === 'request') {
        clients.at(event.client).request(event)
        loadMs = Math.max(loadMs, event.t)
      } else if (event.event === 'lag') lagMs = Math.max(lagMs, event.max_ms)
      else if (event.event === 'error') errors.add(event.message)
      else if (event.event === 'end') interrupted ||= event.interrupted === true
    },
    get facts() {
      return {
        fired: new Map([...untold.map((id) => [id, null] as const), ...fired.counts()]),
        clients: clients.map((fold) => fold.facts()),
        proxies: proxies.map((fold) => fold.facts()),
        servers: servers.map((fold) => fold.facts()),
        origins: origins.map((fold) => fold.facts()),
        connections: connections.counts(),
        logs: logs.map(lineFacts),
        errors: [...errors.counts().keys()],
        load_ms: loadMs,
        interrupted,
        lag_ms: lagMs,
      }
    },
  }
}

function createClientFold() {
  const [statuses, errors, outcomes, proxyStatuses] = [createTally(), createTally(), createTally(), createTally()]
  let [requests, attempts, succeeded, truncated, gaveUp] = [0, 0, 0, 0, 0]
  let bytes: ClientFacts['bytes'] = null
  let latency: Latency | undefined
  const metrics = (): ClientMetrics => ({
    requests,
    attempts,
    succeeded,
    success_rate: requests > 0 ? succeeded / requests : null,
    amplification: requests > 0 ? attempts / requests : null,
    statuses: statuses.record(),
    errors: errors.record(),
    outcomes: outcomes.record(),
    truncated,
    gave_up: gaveUp,
    latency_p50_ms: latency?.percentileMs(50) ?? null,
    latency_p90_ms: latency?.percentileMs(90) ?? null,
    latency_p99_ms: latency?.percentileMs(99) ?? null,
    latency_max_ms: latency?.percentileMs(100) ?? null,
  })
  return {
    attempt(event: AttemptEvent) {
      attempts++
      if (event.truncated) truncated++
      if (event.gave_up) gaveUp++
      bytes = { min: Math.min(bytes?.min ?? event.bytes, event.bytes), max: Math.max(bytes?.max ?? 0, event.bytes) }
      if (event.proxy_status !== undefined) proxyStatuses.add(event.proxy_status)
      const error = event.failure?.type ?? (event.proxy_status && errorNearestOrigin(event.proxy_status))
      if (error) errors.add(error)
      const outcome = [event.status, error || (event.truncated && 'truncated') || (event.gave_up && 'gave up')]
        .filter(Boolean)
        .join(' ')
      outcomes.add(outcome || 'no response')
    },
    request(event: RequestEvent) {
      requests++
      if (event.ok) succeeded++
      if (event.status !== undefined) statuses.add(String(event.status))
      latency ??= createLatency()
      latency.record(event.ms)
    },
    facts: (): ClientFacts => ({
      metrics: metrics(),
      bytes: bytes && { ...bytes },
      proxyStatuses: lineFacts(proxyStatuses),
    }),
  }
}

function createProxyFold() {
  const [statuses, passed, cached] = [createTally(), createTally(), createTally()]
  const [failures, triesFailed] = [createTally(), createTally()]
  let [requests, tries, cut, clientLeft] = [0, 0, 0, 0]
  return {
    forward(event: ForwardEvent) {
      requests++
      tries += event.tries.length
      if (event.cut) cut++
      if (event.client_left) clientLeft++
      if (event.status !== undefined) statuses.add(String(event.status))
      if (event.cache) cached.add(event.cache)
      else if (event.status !== undefined && !event.failure) passed.add(String(event.status))
      if (event.failure) failures.add(failureKey(event.failure, event.proxy_error))
      for (const one of event.tries) if (one.failure) triesFailed.add(failureKey(one.failure))
    },
    facts: (): ProxyFacts => ({
      requests,
      tries,
      cut,
      clientLeft,
      statuses: statuses.counts(),
      passed: passed.counts(),
      cached: cached.counts(),
      failures: failureCounts(failures),
      triesFailed: failureCounts(triesFailed),
    }),
  }
}

const failureKey = ({ type, stage, manner, details, or }: Failure, proxyError?: string): string =>
  JSON.stringify({ type, stage, manner, details, or, proxy_error: proxyError })

const failureCounts = (tally: Tally): FailureCount[] =>
  [...tally.counts()].map(([key, count]) => ({ ...(JSON.parse(key) as Omit<FailureCount, 'count'>), count }))

const lineFacts = (tally: Tally): LineFacts => ({ lines: tally.counts(), others: tally.others })

function createOriginFold() {
  const [statuses, outcomes] = [createTally(), createTally()]
  let [requests, stops, applied, repeated] = [0, 0, 0, 0]
  return {
    accepting(event: AcceptingEvent) {
      if (!event.accepting) stops++
    },
    served(event: ServedEvent) {
      if (event.health) return
      requests++
      outcomes.add(event.outcome)
      if (event.status !== undefined) statuses.add(String(event.status))
    },
    operation(event: OperationEvent) {
      if (event.applied > 0) applied++
      if (event.applied === 2) repeated++
    },
    facts: (): OriginFacts => ({
      requests,
      stops,
      statuses: statuses.counts(),
      outcomes: outcomes.counts(),
      operations: { applied, repeated },
    }),
  }
}

/** Members of Proxy-Status stand in the order of the response's way: the origin's neighbour first (RFC 9209, 2). */
function errorNearestOrigin(header: string): string | undefined {
  let members: List
  try {
    members = parseList(header)
  } catch {
    return undefined
  }
  const errors = members.map((member: InnerList | Item) => member[1].get('error'))
  return errors.find((error) => error !== undefined)?.toString()
}
