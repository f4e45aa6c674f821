/** What a metric is, and what a group of them is made of: its rows of the table, and the fold that computes them. */

import type { AttemptEvent, RequestEvent, ThreadEvent, WafEvent } from '../events.js'
import type { Account } from '../ledger/account.js'

/** `counts` and `shares` are several numbers by a word; all others are one. Durations are milliseconds. */
export type MetricUnit = 'count' | 'number' | 'per_second' | 'share' | 'duration' | 'counts' | 'shares'

export interface Metric {
  readonly unit: MetricUnit
  /** Which one is, where either is: comparisons say so. */
  readonly better?: 'higher' | 'lower'
  /** Its definition. */
  readonly says: string
  /** When it is null; absent where it never is. */
  readonly none?: string
  /** Who defines it so, where it is not ours. */
  readonly source?: string
}

export type MetricTable = Readonly<Record<string, Metric>>

export type Values<Table extends MetricTable> = {
  -readonly [Name in keyof Table]: Table[Name] extends { unit: 'counts' | 'shares' }
    ? Record<string, number>
    : Table[Name] extends { none: string }
      ? number | null
      : number
}

/** What a group needs beside its own state, of the client and of the run. */
export interface Setting {
  requests: number
  attempts: number
  /** From the first intended send to the end of the last request; null without. */
  seconds: number | null
  /** Servers can tell which requests are this client's. */
  counted: boolean
  /** When faults took effect, the first and the last time; null where none did. */
  faults: { first: number; last: number } | null
  recovery: Recovery
  /** Those that firewalls began; while the client had its turn, where it had one. */
  bans: readonly Ban[]
  /** What its run cost the thread of the clients; null where nobody told. */
  thread: ThreadEvent | null
}

/** Whom a firewall bans. */
export type Ban = Pick<NonNullable<WafEvent['ban']>, 'scope' | 'key'>

export interface Recovery {
  /** How long it must last. */
  holdMs: number
  /** Share of what is offered. */
  goodput: number
  /** From when on it can be; the last time a fault took effect if absent. */
  fromMs?: number | undefined
}

/** The state is a flat object of numbers, maps and what has `copy`, so that a picture can be taken of it. */
export interface Group<Table extends MetricTable = MetricTable, State extends object = object> {
  readonly metrics: Table
  start(): State
  attempt?(state: State, event: AttemptEvent): void
  request?(state: State, event: RequestEvent): void
  /** Everything of a request is told. */
  settled?(state: State, account: Account): void
  values(state: State, setting: Setting): Values<Table>
}

/** Checks the rows against the fold; whoever has the group need not know what its state is. */
export const group = <const Table extends MetricTable, State extends object>(made: Group<Table, State>): Group<Table> =>
  made as unknown as Group<Table>

export function copyOf<State extends object>(state: State): State {
  const copied = Object.entries(state).map(([key, value]) => [key, copyOfOne(value)] as const)
  return Object.fromEntries(copied) as State
}

function copyOfOne(value: unknown): unknown {
  if (value instanceof Map) return new Map(value)
  if (Array.isArray(value)) return [...value]
  return typeof value === 'object' && value !== null ? (value as { copy(): unknown }).copy() : value
}

/** Null instead of a share of nothing. */
export const ratio = (part: number, whole: number | null): number | null => (whole ? part / whole : null)
