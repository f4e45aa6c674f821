/**
 * The metrics of a client: one table of them all, from which come the type of the result, the checks, the docs; and the
 * fold that computes them from what clients, proxies and origins told. The reducer calls it.
 */
import type { AttemptEvent, RequestEvent } from '../events.js'
import type { Account } from '../ledger/account.js'
import { attempts } from './attempts.js'
import { cost } from './cost.js'
import { exits } from './exits.js'
import { herd } from './herd.js'
import { copyOf, type Group, type Setting, type Values } from './metric.js'
import { recovery } from './recovery.js'
import { requests } from './requests.js'
import { safety } from './safety.js'
import { servers } from './servers.js'
import { times } from './times.js'

/** By the file that they are in. */
export const metricGroups = { requests, attempts, times, servers, herd, safety, recovery, cost, exits }

export const metricTable = {
  ...requests.metrics,
  ...attempts.metrics,
  ...times.metrics,
  ...servers.metrics,
  ...herd.metrics,
  ...safety.metrics,
  ...recovery.metrics,
  ...cost.metrics,
  ...exits.metrics,
}

export type { MetricUnit } from './metric.js'

type Table = typeof metricTable
/** Metrics of one client over all its requests. What is not defined is null, never 0; docs/metrics.md has the definitions. */
export type ClientMetrics = { [Name in keyof Table]: Values<Table>[Name] }

/** Those that are one number, and so can be compared. */
export type ScalarMetric = {
  [Name in keyof Table]: Table[Name]['unit'] extends 'counts' | 'shares' ? never : Name
}[keyof Table]

const isScalar = (name: keyof Table): name is ScalarMetric => !['counts', 'shares'].includes(metricTable[name].unit)

export const scalarMetrics: readonly ScalarMetric[] = (Object.keys(metricTable) as (keyof Table)[]).filter(isScalar)

const groups = Object.values<Group>(metricGroups as unknown as Record<string, Group>)

/** What the fold of one client has no need to know: the run around it. */
export type RunSetting = Pick<Setting, 'counted' | 'bans' | 'faults' | 'recovery' | 'thread'>

export interface MetricsFold {
  attempt(event: AttemptEvent): void
  request(event: RequestEvent): void
  settled(account: Account): void
  /** @param open accounts that are not settled yet: they count as they are, and may still become otherwise */
  metrics(run: RunSetting, open: readonly Account[]): ClientMetrics
}

export function createMetricsFold(): MetricsFold {
  const states = groups.map((group) => group.start())
  const onAttempt = groups.flatMap((group, index) => (group.attempt ? [{ group, state: states[index]! }] : []))
  const onRequest = groups.flatMap((group, index) => (group.request ? [{ group, state: states[index]! }] : []))
  const onSettled = groups.flatMap((group, index) => (group.settled ? [{ group, state: states[index]! }] : []))
  let [requests, attempts, first, last] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return {
    attempt(event) {
      attempts++
      for (const { group, state } of onAttempt) group.attempt!(state, event)
    },
    request(event) {
      requests++
      first = Math.min(first, event.t - event.ms)
      last = Math.max(last, event.t)
      for (const { group, state } of onRequest) group.request!(state, event)
    },
    settled(account) {
      for (const { group, state } of onSettled) group.settled!(state, account)
    },
    metrics(run, open) {
      const setting = { ...run, requests, attempts, seconds: last > first ? (last - first) / 1000 : null }
      const values = groups.map((group, index) => {
        const state = open.length > 0 && group.settled ? copyOf(states[index]!) : states[index]!
        if (group.settled) for (const account of open) group.settled(state, account)
        return group.values(state, setting)
      })
      return Object.assign({}, ...values) as ClientMetrics
    },
  }
}
