/**
 * Metrics of a herd: how unevenly attempts arrive at origins. The index of dispersion for counts is the variance of the
 * arrivals in windows of one length by their mean: 1 for a Poisson stream, 0 for a constant one (Cox and Lewis 1966).
 */
import { Bins } from '../bins.js'
import { group, type Metric, type Values } from './metric.js'

/** By the times that a bin of 10 ms goes into it. */
const widths = { '10ms': 1, '100ms': 10, '1s': 100 } as const
type Width = keyof typeof widths
type Who = '' | 'retry_'
type Names = `${Who}${'peak_to_mean' | 'idc'}_${Width}`

const WIDTH_MS = 10

const rows = (who: Who, of: string) =>
  Object.fromEntries(
    Object.keys(widths).flatMap((width) => [
      [
        `${who}peak_to_mean_${width}`,
        {
          unit: 'number',
          better: 'lower',
          says: `${of} that arrived at origins in ${width}: the most / the mean, from the first to the last`,
          none: 'where all of them arrived in one such window, or nobody can tell',
        },
      ],
      [
        `${who}idc_${width}`,
        {
          unit: 'number',
          better: 'lower',
          says: `The same, as an index of dispersion: the variance / the mean. Poisson: 1, constant: 0`,
          none: 'where all of them arrived in one such window, or nobody can tell',
        },
      ],
    ]),
  ) as Record<`${Who}${'peak_to_mean' | 'idc'}_${Width}`, Metric & { unit: 'number'; none: string }>

interface State {
  all: Bins
  retries: Bins
}

const table: Record<Names, Metric & { unit: 'number'; none: string }> = {
  ...rows('', 'Requests'),
  ...rows('retry_', 'Requests beyond the first of a logical request'),
}

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
  values({ all, retries }, { counted }) {
    const values: Record<string, number | null> = {}
    for (const [who, bins] of [['', all] as const, ['retry_', retries] as const]) {
      for (const [width, times] of Object.entries(widths)) {
        const spread = counted ? bins.spread(times) : undefined
        values[`${who}peak_to_mean_${width}`] = spread?.peakToMean ?? null
        values[`${who}idc_${width}`] = spread?.dispersion ?? null
      }
    }
    return values as Values<typeof table>
  },
})
