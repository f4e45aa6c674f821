/**
 * One run, judged: what each procedure says of it, and what two single rules say of the 502s in it. Small enough to keep of
 * thousands of runs; .ci/diagnosis.mjs makes the tables of it.
 */
import {
  type DiagnosisClass,
  diagnose,
  type ProcedureConfig,
  procedures,
} from '../../src/core/gateway/diagnosis/index.js'
import { isReset, statusOf } from '../../src/core/gateway/diagnosis/outcome.js'
import { isPublicEdge } from '../../src/core/gateway/diagnosis/threshold.js'
import type { Observation } from '../../src/core/gateway/observation.js'
import type { JournalEvent } from '../../src/journal/events.js'
import { type Case, exitsOf } from './cases.js'
import { browserOf, effectsOf, observationsOf, truthOf } from './seen.js'

export const judged: Record<string, ProcedureConfig> = {
  evidence: procedures.evidence.schema.parse({ type: 'evidence' }),
  threshold: procedures.threshold.schema.parse({ type: 'threshold' }),
  threshold_failures: procedures.threshold.schema.parse({ type: 'threshold', counts: 'failures' }),
}

/** What really made an attempt fail. */
export const truths = ['firewall', 'behind_edge', 'other'] as const
export type Truth = (typeof truths)[number]
export const headerAnswers = ['rotate', 'back_off', 'no_rule'] as const
export type HeaderAnswer = (typeof headerAnswers)[number]

export interface Judgement {
  seed: number
  label: DiagnosisClass
  manner: string
  exits: number
  requests: number
  affected: number
  tls: boolean
  edge: boolean
  /** What each procedure says, and why. */
  said: Record<string, { class: DiagnosisClass; because: string; named: number }>
  /** Who is named is who is blocked: of the procedure `evidence`, where it names the right class. */
  who: boolean
  /** Attempts that gateways saw, and how many failed. */
  attempts: number
  failed: number
  /** How late the process's own timers were, at worst. */
  lag_ms: number
  /** The machine was too busy for what was to be run, or the run broke: it says nothing. */
  disturbed?: string
  /** How often what the label says took effect. */
  effects: number
  /** 502s by what made them and what the rule of the two headers says of each: `firewall/rotate`. */
  headers: Record<string, number>
  /** Share of 502s for the scraper, and of 200s for the browser. */
  scraper502: number
  browser200: number
}

/** Of a real run, by its journal. */
export function judge(one: Case, events: readonly JournalEvent[]): Judgement {
  const observations = observationsOf(one, events)
  const status502 = observations.filter((seen) => statusOf(seen) === 502)
  const browser = browserOf(events)
  return {
    ...judgeSeen(one, observations),
    lag_ms: Math.round(Math.max(0, ...events.map((event) => (event.event === 'lag' ? event.max_ms : 0)))),
    effects: effectsOf(one, events, observations),
    headers: headersOf(status502, truthOf(one, events)),
    browser200: browser.ok / Math.max(1, browser.requests),
  }
}

/** Of what gateways saw, wherever it is from. */
export function judgeSeen(one: Case, observations: readonly Observation[]): Judgement {
  const pool = { exits: exitsOf(one), profiles: one.tls ? one.profiles.map(({ name }) => name) : [] }
  const said = Object.fromEntries(
    Object.entries(judged).map(([name, config]) => {
      const { class: found, because, exits, profiles, subnets } = diagnose(observations, pool, config)
      const names = exits ?? subnets ?? profiles ?? []
      return [name, { class: found, because, named: names.length, names }]
    }),
  )
  const { names } = said.evidence!
  const { seed, label, manner, requests, affected, tls, edge } = one
  return {
    ...{ seed, label, manner, requests, affected, tls, edge },
    exits: pool.exits.length,
    said: Object.fromEntries(Object.entries(said).map(([name, { names: _, ...rest }]) => [name, rest])),
    who: said.evidence!.class === label && sameNames(one, names),
    attempts: observations.length,
    failed: observations.filter(({ ok }) => !ok).length,
    lag_ms: 0,
    effects: 1,
    headers: {},
    scraper502: observations.filter((seen) => statusOf(seen) === 502).length / Math.max(1, observations.length),
    browser200: 0,
  }
}

function sameNames(one: Case, names: readonly string[]): boolean {
  const exits = exitsOf(one)
  const subnets = [...new Set(exits.map(({ subnet }) => subnet))]
  const of: Partial<Record<DiagnosisClass, (n: number) => string | undefined>> = {
    exit_block: (n) => exits[n]?.id,
    subnet_block: (n) => subnets[n],
    fingerprint_block: (n) => one.profiles[n]?.name,
  }
  const name = of[one.label]
  return !name || JSON.stringify([...names].sort()) === JSON.stringify(one.blocked.map(name).sort())
}

/** A public edge's Server header: back off; our own upstream_reset: rotate; the document has no rule for any other 502. */
export function headerRule(seen: Observation): HeaderAnswer {
  if (isPublicEdge(seen)) return 'back_off'
  return isReset(seen) ? 'rotate' : 'no_rule'
}

function headersOf(status502: readonly Observation[], truth: (seen: Observation) => Truth): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const seen of status502) {
    const cell = `${truth(seen)}/${headerRule(seen)}`
    counts[cell] = (counts[cell] ?? 0) + 1
  }
  return counts
}
