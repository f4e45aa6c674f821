/** Amounts by time, in bins of one width from the load's start on. The metrics call it. */
import { synchrony } from './synchrony.js'

/** As long as a run can be told in bins; what is beyond it leaves no numbers rather than wrong ones. */
const HOURS = 2

export class Bins {
  private amounts = new Float64Array(64)
  /** Up to the last bin that has anything. */
  length = 0
  private first = Number.POSITIVE_INFINITY
  private beyond = false

  constructor(readonly widthMs: number) {}

  add(atMs: number, amount = 1): void {
    const bin = Math.max(0, Math.floor(atMs / this.widthMs))
    if (bin >= (HOURS * 3_600_000) / this.widthMs) {
      this.beyond = true
      return
    }
    if (bin >= this.amounts.length) {
      const longer = new Float64Array(2 * (bin + 1))
      longer.set(this.amounts)
      this.amounts = longer
    }
    this.amounts[bin]! += amount
    this.first = Math.min(this.first, bin)
    this.length = Math.max(this.length, bin + 1)
  }

  /** From bin `from` up to, and without, bin `to`. */
  sum(from: number, to: number): number {
    let sum = 0
    for (let bin = Math.max(0, from); bin < Math.min(to, this.length); bin++) sum += this.amounts[bin]!
    return sum
  }

  /**
   * Of bins so many times as wide, from the first that has anything to the last; undefined with fewer than two of them.
   * @param from counted from this bin on, whether it has anything or not
   */
  spread(times: number, from?: number): { peakToMean: number; dispersion: number } | undefined {
    const start = from ?? Math.floor(this.first / times) * times
    const count = Math.ceil((this.length - start) / times)
    if (this.beyond || !(count >= 2)) return undefined
    let [total, squares, peak] = [0, 0, 0]
    for (let bin = 0; bin < count; bin++) {
      const amount = this.sum(start + bin * times, start + (bin + 1) * times)
      total += amount
      squares += amount * amount
      peak = Math.max(peak, amount)
    }
    const mean = total / count
    return { peakToMean: peak / mean, dispersion: (squares / count - mean * mean) / mean }
  }

  /** How much of it comes back after one interval, and which, in milliseconds; undefined where nobody can tell. */
  synchrony(): { share: number; periodMs: number | null } | undefined {
    if (this.beyond || this.length === 0) return undefined
    const found = synchrony(this.amounts.subarray(this.first, this.length))
    return found && { share: found.share, periodMs: found.lag === null ? null : found.lag * this.widthMs }
  }

  copy(): Bins {
    const copy = new Bins(this.widthMs)
    copy.amounts = this.amounts.slice()
    copy.length = this.length
    copy.first = this.first
    copy.beyond = this.beyond
    return copy
  }
}
