/**
 * The one reducer: a run's events in, its facts out. Checks, metrics and reports read these facts and nothing else, so
 * they can't disagree. It streams: counts and histograms are kept, never events, and every table has a limit.
 */
import type { Failure } from '../core/failure.js'
import { type ClientFacts, createClientFold } from './client_facts.js'
import type {
  AcceptingEvent,
  FaultEvent,
  ForwardEvent,
  JournalEvent,
  OperationEvent,
  ServedEvent,
  ThreadEvent,
  WafEvent,
} from './events.js'
import { createGatewayFold, type GatewayFacts } from './gateway_facts.js'
import type { Account } from './ledger/account.js'
import { createLedger } from './ledger/ledger.js'
import type { Ways } from './ledger/ways.js'
import { createLoadsFold, type LoadFacts } from './load_facts.js'
import type { RunSetting } from './metrics/index.js'
import type { Ban, Recovery } from './metrics/metric.js'
import { createServersFold, type ServerFacts } from './server_facts.js'
import { byName, type Counts, createTally, type LineFacts, lineFacts, type Tally } from './tally.js'
import { createWafFold, type WafFacts } from './waf_facts.js'

export type { ClientFacts } from './client_facts.js'
export type { Counts, LineFacts } from './tally.js'

export interface Facts extends LoadFacts {
  /** How often each fault took effect; null where nobody could tell. Ask `firedCount`. */
  readonly fired: ReadonlyMap<string, number | null>
  readonly clients: ReadonlyMap<string, ClientFacts>
  readonly proxies: ReadonlyMap<string, ProxyFacts>
  /** By proxy. */
  readonly servers: ReadonlyMap<string, ServerFacts>
  readonly gateways: ReadonlyMap<string, GatewayFacts>
  readonly origins: ReadonlyMap<string, OriginFacts>
  readonly wafs: ReadonlyMap<string, WafFacts>
  /** Connections that each server hop accepted, those of health checks and of the background included. */
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

export interface ReductionOptions {
  /** Who can send to whom: the counts at clients, proxies and origins must agree then. Without, nobody judges them. */
  ways?: Ways | undefined
  recovery?: Partial<Recovery> | undefined
}

/** As docs/metrics.md has it; OSDI 2022 waits for 30 s. */
const RECOVERY: Recovery = { holdMs: 1000, goodput: 0.95 }

/** @param untold ids of faults whose firing nobody can tell: null unless somebody did. */
export function createReduction(untold: readonly string[] = [], { ways, recovery }: ReductionOptions = {}): Reduction {
  const fired = createTally()
  const connections = createTally()
  const errors = createTally()
  const clients = byName(createClientFold)
  const proxies = byName(createProxyFold)
  const servers = byName(createServersFold)
  const origins = byName(createOriginFold)
  const gateways = byName(createGatewayFold)
  const wafs = byName(createWafFold)
  const logs = byName(createTally)
  const ledger = createLedger((account) => clients.at(account.client!).settled(account), ways)
  let turn = createTurn()
  /** Of clients that run in turn, each has faults of its own. */
  const turns = new Map<string, typeof turn>()
  let [loadMs, lagMs, interrupted] = [0, 0, false]
  const runOf = (client: string): RunSetting => ({
    counted: ways === undefined || (ways.behindStranger.length === 0 && ways.clients[client]?.tells === true),
    ...(turns.get(client) ?? turn).facts(),
    recovery: { ...RECOVERY, ...recovery },
  })
  const loads = createLoadsFold()
  return {
    add(event) {
      ledger.add(event)
      if (event.event === 'run') turn = createTurn()
      else if (event.event === 'fault') {
        fired.add(event.fault)
        turn.fault(event)
      } else if (event.event === 'connection') connections.add(event.hop)
      else if (event.event === 'served') origins.at(event.hop).served(event)
      else if (event.event === 'operation') origins.at(event.hop).operation(event)
      else if (event.event === 'accepting') origins.at(event.hop).accepting(event)
      else if (event.event === 'waf') {
        wafs.at(event.hop).decided(event)
        turn.waf(event)
      } else if (event.event === 'forward') {
        if (event.health || event.background) return
        proxies.at(event.hop).forward(event)
        servers.at(event.hop).forward(event)
        if (event.tries.some(({ exit }) => exit !== undefined)) gateways.at(event.hop).forward(event)
      } else if (event.event === 'check') servers.at(event.hop).checked(event)
      else if (event.event === 'server') servers.at(event.hop).turned(event)
      else if (event.event === 'decision') gateways.at(event.hop).decision(event)
      else if (event.event === 'quarantine') gateways.at(event.hop).quarantine(event)
      else if (event.event === 'pause') gateways.at(event.hop).pause(event)
      else if (event.event === 'log') logs.at(event.hop).add(event.line)
      else if (event.event === 'attempt') clients.at(event.client).attempt(event)
      else if (event.event === 'request') {
        clients.at(event.client).request(event)
        if (!turns.has(event.client)) turns.set(event.client, turn)
        loadMs = Math.max(loadMs, event.t)
      } else if (event.event === 'load') loads.load(event)
      else if (event.event === 'saturation') loads.saturation(event)
      else if (event.event === 'thread') turn.thread(event)
      else if (event.event === 'lag') lagMs = Math.max(lagMs, event.max_ms)
      else if (event.event === 'error') errors.add(event.message)
      else if (event.event === 'end') interrupted ||= event.interrupted === true
    },
    get facts() {
      const told = [...errors.counts().keys()]
      const open = byClient(ledger.open())
      return {
        fired: new Map([...untold.map((id) => [id, null] as const), ...fired.counts()]),
        clients: clients.map((fold, name) => fold.facts(runOf(name), open.get(name) ?? [])),
        proxies: proxies.map((fold) => fold.facts()),
        servers: servers.map((fold) => fold.facts()),
        gateways: gateways.map((fold) => fold.facts()),
        origins: origins.map((fold) => fold.facts()),
        wafs: wafs.map((fold) => fold.facts()),
        connections: connections.counts(),
        logs: logs.map(lineFacts),
        ...loads.facts(),
        // What was not run to its end does not add up.
        errors: told.length > 0 || interrupted ? told : ledger.disagreements(),
        load_ms: loadMs,
        interrupted,
        lag_ms: lagMs,
      }
    },
  }
}

/** Those whose end is told. */
function byClient(accounts: Iterable<Account>): ReadonlyMap<string, Account[]> {
  const found = new Map<string, Account[]>()
  for (const account of accounts) {
    if (account.client === undefined || !account.ended) continue
    const known = found.get(account.client)
    if (known) known.push(account)
    else found.set(account.client, [account])
  }
  return found
}

/** When faults took effect, the first and the last time; and what it cost the thread of the clients. */
function createTurn() {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let told: ThreadEvent | null = null
  const bans: Ban[] = []
  return {
    waf({ ban }: WafEvent) {
      if (ban && bans.length < BANS_LIMIT) bans.push({ scope: ban.scope, key: ban.key })
    },
    fault({ t }: FaultEvent) {
      first = Math.min(first, t)
      last = Math.max(last, t)
    },
    thread(event: ThreadEvent) {
      told = event
    },
    facts: (): Pick<RunSetting, 'bans' | 'faults' | 'thread'> => ({
      bans: [...bans],
      faults: last >= first ? { first, last } : null,
      thread: told,
    }),
  }
}

/** More bans than this are not told apart. */
const BANS_LIMIT = 10_000

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

function createOriginFold() {
  const [statuses, outcomes] = [createTally(), createTally()]
  let [requests, stops, applied, repeated] = [0, 0, 0, 0]
  return {
    accepting(event: AcceptingEvent) {
      if (!event.accepting) stops++
    },
    served(event: ServedEvent) {
      if (event.health || event.background) return
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
