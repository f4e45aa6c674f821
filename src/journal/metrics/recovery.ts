/**
 * Metrics of recovery: how long after the last fault requests end well again as fast as they are offered, with queues no
 * longer than before; and what was lost until then.
 */
import { Bins } from '../bins.js'
import { group, type Recovery, type Setting } from './metric.js'

interface State {
  offered: Bins
  good: Bins
  /** Requests that a worker took, and how long they had waited for one. */
  queued: Bins
  queuedMs: Bins
  /** At origins. */
  arrived: Bins
}

/** How exactly it is told when it was over; and the width of the windows of arrivals after that. */
const STEP_MS = 100
/** Beside the tenth: an idle queue is not longer for a timer's grain. */
const GRAIN_MS = 1
const QUEUE_FACTOR = 1.1

const NONE = 'where no fault took effect, or the load ended before it could be told'

const AFTER = 'where it never recovered, less than two such windows follow, or nobody can tell'

export const recovery = group({
  metrics: {
    recovered: {
      unit: 'number',
      better: 'higher',
      says: 'Whether it recovered: 1, or 0 for never',
      none: NONE,
    },
    recovery_ms: {
      unit: 'duration',
      better: 'lower',
      says:
        'From the last time a fault took effect (or `recovery.from`) until goodput is at least 95 % of what is offered and the mean wait ' +
        'for a worker at most 1.1 times that before the first fault (or 1 ms more), both for 1 s; in steps of 100 ms. The scenario’s ' +
        '`recovery` sets the share and the time',
      none: `${NONE}; and where it never recovered`,
      source: 'Huang et al., Metastable Failures in the Wild, OSDI 2022, whose artefact has it hold for 30 s',
    },
    lost_goodput: {
      unit: 'number',
      better: 'lower',
      says:
        'From the first fault (or `recovery.from`) to the recovery, or the end of the load: requests offered and not ended well in the same ' +
        'second, as `recovery.hold` has it; the area between both curves',
      none: 'where no fault took effect',
    },
    after_recovery_peak_to_mean_100ms: {
      unit: 'number',
      better: 'lower',
      says: 'As peak_to_mean_100ms, from the recovery to the last arrival',
      none: AFTER,
    },
    after_recovery_idc_100ms: {
      unit: 'number',
      better: 'lower',
      says: 'As idc_100ms, over the same time',
      none: AFTER,
    },
  },
  start: (): State => ({
    offered: new Bins(STEP_MS),
    good: new Bins(STEP_MS),
    queued: new Bins(STEP_MS),
    queuedMs: new Bins(STEP_MS),
    arrived: new Bins(STEP_MS),
  }),
  request({ offered, good }, { t, ms, ok }) {
    offered.add(t - ms)
    if (ok) good.add(t)
  },
  settled({ queued, queuedMs, arrived }, { served }) {
    for (const one of served) {
      arrived.add(one.arrived)
      if (one.queued === undefined) continue
      queued.add(one.arrived)
      queuedMs.add(one.arrived, one.queued)
    }
  },
  values(state, setting) {
    const span = spanOf(setting)
    if (!span) return UNKNOWN
    const { at, judged } = firstRecovered(state, span, setting.recovery)
    const after = at !== undefined && setting.counted ? state.arrived.spread(1, at) : undefined
    return {
      recovered: at !== undefined ? 1 : judged ? 0 : null,
      recovery_ms: at === undefined ? null : Math.max(0, at * STEP_MS - span.lastMs),
      lost_goodput: lostBetween(state, stepOf(span.firstMs), at ?? state.offered.length, stepsOf(setting.recovery)),
      after_recovery_peak_to_mean_100ms: after?.peakToMean ?? null,
      after_recovery_idc_100ms: after?.dispersion ?? null,
    }
  },
})

const UNKNOWN = {
  recovered: null,
  recovery_ms: null,
  lost_goodput: null,
  after_recovery_peak_to_mean_100ms: null,
  after_recovery_idc_100ms: null,
}

export interface Span {
  firstMs: number
  lastMs: number
}

/** From the first to the last time that what it is to recover from took effect. */
export function spanOf({ faults, recovery: { fromMs } }: Setting): Span | undefined {
  if (fromMs !== undefined) return { firstMs: Math.min(faults?.first ?? fromMs, fromMs), lastMs: fromMs }
  return faults ? { firstMs: faults.first, lastMs: faults.last } : undefined
}

const stepOf = (ms: number): number => Math.max(0, Math.floor(ms / STEP_MS))
const stepsOf = ({ holdMs }: Recovery): number => Math.max(1, Math.ceil(holdMs / STEP_MS))

/** The first step from which on it holds; only windows that lie within the load are judged. */
function firstRecovered(state: State, { firstMs, lastMs }: Span, recovery: Recovery) {
  const { offered, good, queued, queuedMs } = state
  const steps = stepsOf(recovery)
  const before = stepOf(firstMs)
  const taken = queued.sum(0, before)
  const usualMs = taken > 0 ? queuedMs.sum(0, before) / taken : undefined
  let judged = false
  for (let at = Math.max(0, Math.ceil(lastMs / STEP_MS)); at + steps <= offered.length; at++) {
    judged = true
    const wanted = offered.sum(at, at + steps)
    if (wanted === 0 || good.sum(at, at + steps) < recovery.goodput * wanted - 1e-9) continue
    const arrived = queued.sum(at, at + steps)
    const waitMs = arrived > 0 ? queuedMs.sum(at, at + steps) / arrived : 0
    if (usualMs === undefined || waitMs <= Math.max(QUEUE_FACTOR * usualMs, usualMs + GRAIN_MS)) return { at, judged }
  }
  return { at: undefined, judged }
}

function lostBetween({ offered, good }: State, from: number, to: number, steps: number): number {
  let lost = 0
  for (let at = from; at < to; at += steps) {
    const end = Math.min(to, at + steps)
    lost += Math.max(0, offered.sum(at, end) - good.sum(at, end))
  }
  return lost
}
