/** Latencies as a histogram, for the facts of a client and of a load. Folds call it, and live/lag.ts. */
import { build, type Histogram } from 'hdr-histogram-js'

const MICROSECONDS_PER_HOUR = 3_600_000_000

/**
 * Three digits from a microsecond to an hour, in 94 KB once something is recorded. What lasts longer counts as an hour,
 * but for the maximum.
 */
export class Latency {
  private histogram: Histogram | undefined
  private maxMs = 0
  totalMs = 0
  count = 0

  record(ms: number): void {
    this.count++
    this.totalMs += ms
    this.maxMs = Math.max(this.maxMs, ms)
    this.histogram ??= empty()
    this.histogram.recordValue(Math.min(MICROSECONDS_PER_HOUR, Math.max(0, Math.round(ms * 1000))))
  }

  /** A percentile is the upper end of its bucket, which may lie above every sample; 0 without any. */
  percentileMs(percentile: number): number {
    if (percentile === 100 || !this.histogram) return this.maxMs
    return Math.min(this.maxMs, this.histogram.getValueAtPercentile(percentile) / 1000)
  }

  /** The same, or null without any. */
  known(percentile: number): number | null {
    return this.count === 0 ? null : this.percentileMs(percentile)
  }

  get meanMs(): number | null {
    return this.count === 0 ? null : this.totalMs / this.count
  }

  copy(): Latency {
    const copy = new Latency()
    copy.count = this.count
    copy.maxMs = this.maxMs
    copy.totalMs = this.totalMs
    if (this.histogram) {
      copy.histogram = empty()
      copy.histogram.add(this.histogram)
    }
    return copy
  }
}

export const createLatency = (): Latency => new Latency()

const empty = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MICROSECONDS_PER_HOUR,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  })
