/** The result of a run: what reports print and `--json` writes. Names are stable; units stand in the names. */
import type { GatewayMetrics } from './gateway_facts.js'
import type { LoadAccount, SaturationAccount } from './load_facts.js'
import type { ClientMetrics } from './metrics/index.js'

export type { ClientMetrics } from './metrics/index.js'

/**
 * `inconclusive`: a fault never fired, or there was too little to judge by; `skipped`: this machine lacks something;
 * `error`: the scenario could not be run to its end.
 */
export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'skipped' | 'error'

export interface RunResult {
  /** Of badgateway. */
  version: string
  engine: 'live'
  /** Who stood at the proxy hops. */
  proxy: string
  seed: number
  verdict: Verdict
  /** ISO 8601. */
  started: string
  duration_ms: number
  interrupted: boolean
  scenarios: ScenarioResult[]
}

export interface ScenarioResult {
  id: string
  title: string
  tags: string[]
  /** As the user named it. */
  file: string
  verdict: Verdict
  /** Why it is not a pass, in a sentence; absent for a pass. */
  reason?: string
  /** With --repeat: how often each verdict came out; the rest of this result is the first of the gravest. */
  verdicts?: Partial<Record<Verdict, number>>
  /** With --repeat: every run, in order. */
  repeats?: RepeatResult[]
  /** With --rank, where there are clients to rank. */
  ranking?: Ranking
  /** What ran otherwise than the scenario says, since a real proxy stood in the path. */
  notes?: string[]
  seed: number
  duration_ms: number
  faults: FaultResult[]
  clients: Record<string, ClientMetrics>
  /** By proxy and server, of proxies that checked a server, or for which the state of one turned; else absent. */
  servers?: Record<string, Record<string, ServerMetrics>>
  /** Of gateways with exits; else absent. */
  gateways?: Record<string, GatewayMetrics>
  /** By client: whether its open load was the one that was asked for; absent where none has one. */
  loads?: Record<string, LoadAccount>
  /** By client, of those that only keep the machine busy; absent where none does. */
  saturations?: Record<string, SaturationAccount>
  checks: CheckResult[]
  /** The path of the journal, where one was written. */
  journal?: string
  /** With --trace: what happened hop by hop. */
  trace?: string[]
}

/** One of several runs of a scenario. */
export interface RepeatResult {
  seed: number
  verdict: Verdict
  clients: Record<string, ClientMetrics>
}

/** Clients by a metric, the best first. */
export interface Ranking {
  metric: string
  /** null where neither is better: then the highest is first. */
  better: 'higher' | 'lower' | null
  /** The client that the differences are to. */
  against: string
  /** Runs that it is made of: those that ran to their end. */
  repeats: number
  clients: RankedClient[]
}

export interface RankedClient {
  client: string
  /** The mean over the runs; null where the metric is not defined in every one. */
  value: number | null
  /** Its mean less that of the client it is compared with; null for that one. */
  difference: number | null
  /** The 95 % confidence interval of the difference, from pairs of the same run; null with fewer than two runs. */
  ci95: [low: number, high: number] | null
}

export interface FaultResult {
  id: string
  on: string
  at: string
  effect: string
  /** null where nobody could tell. */
  fired: number | null
}

export interface CheckResult {
  /** What was expected, in words: `fault rst fired`. */
  name: string
  verdict: 'pass' | 'fail' | 'inconclusive' | 'skipped'
  /** `>= 1` */
  expected: string
  /** `3`, `98.5%`, `none`. */
  actual: string
  /** Why it was skipped: it asks for what can't be known of the proxy in the path. */
  reason?: string
}

/** What a proxy had to do with one of its servers: tries of requests and health checks, which are counted apart. */
export interface ServerMetrics {
  tries: number
  /** Without a whole response, or with a status of 500 and above. */
  tries_failed: number
  /** Failed tries / tries, 0 to 1; null without tries. */
  error_rate: number | null
  checks: number
  /** All that did not fail: one that asks for no new requests is among them. */
  checks_passed: number
  /** Passed checks / checks, 0 to 1; null without checks. */
  pass_rate: number | null
  /** How often it became what, in the order of first occurrence: { "down": 1, "up": 1 }. */
  turns: Record<string, number>
}
