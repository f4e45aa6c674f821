/**
 * Metrics of a herd: how unevenly attempts arrive at origins, and whether they come back in step. The index of dispersion
 * for counts is the variance of the arrivals in windows of one length by their mean: 1 for a Poisson stream, 0 for a
 * constant one (Cox and Lewis 1966).
 */
import { Bins } from '../bins.js'
import { group, type Metric, type Values } from './metric.js'
import { spanOf } from './recovery.js'

/** By the times that a bin of 10 ms goes into it. */
const widths = { '10ms': 1, '100ms': 10, '1s': 100 } as const
type Width = keyof typeof widths
type Names<Who extends string> =
  | `${Who}${'peak_to_mean' | 'idc'}_${Width}`
  | `${Who}${'synchrony' | 'synchrony_period_ms'}`
type Row = Metric & { unit: 'number' | 'duration'; none: string }

const WIDTH_MS = 10
const AFTER = 'where no fault took effect, less than two such windows follow, or nobody can tell'
const NONE = 'where all of them arrived in one such window, or nobody can tell'

const rows = <Who extends string>(who: Who, of: string) =>
  Object.fromEntries([
    ...Object.keys(widths).flatMap((width) => [
      [
        `${who}peak_to_mean_${width}`,
        {
          unit: 'number',
          better: 'lower',
          says: `${of} that arrived at origins in ${width}: the most / the mean, from the first to the last`,
          none: NONE,
        },
      ],
      [
        `${who}idc_${width}`,
        {
          unit: 'number',
          better: 'lower',
          says: `The same, as an index of dispersion: the variance / the mean. Poisson: 1, constant: 0`,
          none: NONE,
        },
      ],
    ]),
    [
      `${who}synchrony`,
      {
        unit: 'number',
        better: 'lower',
        says:
          `${of}, whether they come back in step: the highest autocorrelation of their arrivals in windows of 10 ms, 0 to 1. Back-off ` +
          'without jitter: near 1',
        none: 'with fewer than 30 of them, in less than half a second, in as many in every window, or where nobody can tell',
      },
    ],
    [
      `${who}synchrony_period_ms`,
      {
        unit: 'duration',
        says: 'The interval after which that many come back: the back-off of a herd, or the gap of a constant load',
        none: 'the same, and where nothing comes back',
      },
    ],
  ]) as Record<Names<Who>, Row>

interface State {
  all: Bins
  retries: Bins
}

const table = {
  ...rows('', 'Requests'),
  ...rows('retry_', 'Requests beyond the first of a logical request'),
  after_fault_peak_to_mean_100ms: {
    unit: 'number',
    better: 'lower',
    says: 'As peak_to_mean_100ms, from the first time a fault took effect (or `recovery.from`) to the last arrival',
    none: AFTER,
  },
  after_fault_idc_100ms: {
    unit: 'number',
    better: 'lower',
    says: 'As idc_100ms, over the same time',
    none: AFTER,
  },
} as const

export const herd = group({
  metrics: table,
  start: (): State => ({ all: new Bins(WIDTH_MS), retries: new Bins(WIDTH_MS) }),
  settled({ all, retries }, { served }) {
    if (served.length === 0) return
    const first = served.reduce((least, { arrived }) => Math.min(least, arrived), Number.POSITIVE_INFINITY)
    let firstSeen = false
    for (const { arrived } of served) {
      all.add(arrived)
      if (arrived === first && !firstSeen) firstSeen = true
      else retries.add(arrived)
    }
  },
  values({ all, retries }, setting) {
    const { counted } = setting
    const values: Record<string, number | null> = {}
    for (const [who, bins] of [['', all] as const, ['retry_', retries] as const]) {
      for (const [width, times] of Object.entries(widths)) {
        const spread = counted ? bins.spread(times) : undefined
        values[`${who}peak_to_mean_${width}`] = spread?.peakToMean ?? null
        values[`${who}idc_${width}`] = spread?.dispersion ?? null
      }
      const inStep = counted ? bins.synchrony() : undefined
      values[`${who}synchrony`] = inStep?.share ?? null
      values[`${who}synchrony_period_ms`] = inStep?.periodMs ?? null
    }
    const span = counted ? spanOf(setting) : undefined
    const after = span && all.spread(widths['100ms'], Math.floor(span.firstMs / WIDTH_MS))
    values.after_fault_peak_to_mean_100ms = after?.peakToMean ?? null
    values.after_fault_idc_100ms = after?.dispersion ?? null
    return values as Values<typeof table>
  },
})
