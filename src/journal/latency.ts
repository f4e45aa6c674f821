/** Latencies as a histogram, for the facts of a client. The reducer calls it. */
import { build, type Histogram } from 'hdr-histogram-js'

export type Latency = ReturnType<typeof createLatency>

const MICROSECONDS_PER_HOUR = 3_600_000_000

/** Three digits from a microsecond to an hour, in 94 KB. What lasts longer counts as an hour, but for the maximum. */
export function createLatency() {
  const histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MICROSECONDS_PER_HOUR,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  })
  let maxMs = 0
  return {
    record(ms: number) {
      maxMs = Math.max(maxMs, ms)
      histogram.recordValue(Math.min(MICROSECONDS_PER_HOUR, Math.max(0, Math.round(ms * 1000))))
    },
    /** A percentile is the upper end of its bucket, which may lie above every sample. */
    percentileMs: (percentile: number): number =>
      percentile === 100 ? maxMs : Math.min(maxMs, histogram.getValueAtPercentile(percentile) / 1000),
  }
}
