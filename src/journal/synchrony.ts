/**
 * How much of a stream comes back after one interval: the highest autocorrelation of counts in windows of one width. The
 * metrics call it with arrivals; it knows neither requests nor times.
 */

export interface Synchrony {
  /** 0 to 1. Clients that all wait alike: near 1. */
  share: number
  /** In windows, parts of one among them; null where nothing comes back. */
  lag: number | null
}

/** With fewer of them chance alone makes peaks as high as those of a herd. */
const FEWEST = 30
const SHORTEST = 50
/** Twenty seconds of windows of 10 ms: no longer lag is looked for, whatever the length of the stream. */
const LONGEST_LAG = 2000
/** Twice the period fits as well as the period: the shortest one that fits nearly as well as the best. */
const AS_GOOD = 0.9
/** Of counts that turn with every window nobody can tell in these windows what comes back. */
const LEAST_WIDTH = 0.1

/**
 * The correlation of counts with those `lag` windows later (Pearson's, so that a load that grows is no period), for two
 * lags next to each other together, since a period is seldom a whole number of windows; by that of the lags 0 and 1
 * together, which is what a wave wider than a window, or on the border of two, has with itself. A lag must fit in twice,
 * and lie beyond the wave itself: after the first one at which nothing is left of it.
 * @returns undefined for too few, too short, or too even a stream to tell
 */
export function synchrony(counts: Float64Array): Synchrony | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total < FEWEST || counts.length < SHORTEST) return undefined
  const longest = Math.min(LONGEST_LAG, Math.floor(counts.length / 2))
  const at = correlations(counts, longest)
  if (!at) return undefined
  const width = 1 + at[1]!
  if (width < LEAST_WIDTH) return undefined
  const pairs = at.slice(0, -1).map((one, lag) => (one + at[lag + 1]!) / width)
  const beyond = pairs.findIndex((one) => one <= 0)
  const best = beyond < 0 ? 0 : pairs.slice(beyond).reduce((most, one) => Math.max(most, one), 0)
  if (best === 0) return { share: 0, lag: null }
  const lag = pairs.findIndex(
    (one, lag) => lag > beyond && one >= AS_GOOD * best && one >= (pairs[lag + 1] ?? 0) - 1e-9,
  )
  const [low, high] = [Math.max(0, at[lag]!), Math.max(0, at[lag + 1]!)]
  return { share: Math.min(1, pairs[lag]!), lag: lag + high / (low + high) }
}

/** By lag from 0 on; undefined where all counts are alike. */
function correlations(counts: Float64Array, longest: number): Float64Array | undefined {
  const length = counts.length
  const products = new Float64Array(longest + 1)
  // Up to, and without, each window: the sum of counts and that of their squares.
  const [sums, squares] = [new Float64Array(length + 1), new Float64Array(length + 1)]
  for (let n = 0; n < length; n++) {
    const count = counts[n]!
    sums[n + 1] = sums[n]! + count
    squares[n + 1] = squares[n]! + count * count
    if (count === 0) continue
    const end = Math.min(longest, length - 1 - n)
    for (let lag = 0; lag <= end; lag++) products[lag]! += count * counts[n + lag]!
  }
  const variance = (from: number, to: number): number =>
    squares[to]! - squares[from]! - (sums[to]! - sums[from]!) ** 2 / (to - from)
  const least = 1e-9 * squares[length]!
  if (variance(0, length) <= least) return undefined
  return products.map((product, lag) => {
    const rest = length - lag
    const spread = variance(0, rest) * variance(lag, length)
    const covariance = product - (sums[rest]! * (sums[length]! - sums[lag]!)) / rest
    return spread <= least * least ? 0 : covariance / Math.sqrt(spread)
  })
}
