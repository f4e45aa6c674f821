/**
 * Which of the exits, profiles or networks are blocked, and since when, so that what came through them is explained best:
 * each has outcomes like everybody's up to some attempt, and those of a block from there on. What is everybody's is
 * estimated from the rest, over and over, since who belongs to the rest is what is asked.
 */
import {
  background,
  blocked,
  type Counts,
  countOf,
  logLikelihood,
  logMean,
  minus,
  noCounts,
  plus,
  predictive,
  total,
} from './belief.js'

/** What came through one exit, profile or network: the index of each outcome, in the order of time. */
export interface Unit {
  name: string
  sequence: readonly number[]
}

export interface Blocks {
  /** Natural logarithm of the likelihood of all outcomes, with what it costs to say who and since when. */
  log: number
  /** The names, in the order of the units. */
  names: string[]
  /** What came through them while blocked, and all the rest. */
  within: Counts
  rest: Counts
  /** All that came through units which are not blocked at any time. */
  untouched: Counts
}

const ROUNDS = 8

/**
 * @param others what came through none of them
 * @param often how probable a block is for any one of the units, before anything is seen
 */
export function findBlocks(units: readonly Unit[], others: Counts, often: number): Blocks {
  const everything = units.map(({ sequence }) => countOf(sequence)).reduce(plus, others)
  const odds = Math.log(often / (1 - often))
  let rest = bestOf(units)
  let found: Suffix[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const shares = predictive(rest, background).map(Math.log)
    const next = units.map(({ sequence }) => suffixOf(sequence, shares))
    const stands = next.every(
      ({ gain, from }, n) => gain + odds > 0 === isBlocked(found[n], odds) && from === found[n]?.from,
    )
    found = next
    rest = minus(everything, within(found, odds))
    if (stands) break
  }
  const hit = found.filter((one) => isBlocked(one, odds))
  const healthy = units.length - hit.length
  const log =
    logLikelihood(rest, background) +
    hit.reduce((sum, { counts, places }) => sum + logLikelihood(counts, blocked) - Math.log(places), 0) +
    hit.length * Math.log(often) +
    healthy * Math.log(1 - often)
  const names = units.filter((_, n) => isBlocked(found[n], odds)).map(({ name }) => name)
  const untouched = units.filter((_, n) => !isBlocked(found[n], odds)).map(({ sequence }) => countOf(sequence))
  return { log, names, within: within(found, odds), rest, untouched: untouched.reduce(plus, noCounts()) }
}

const isBlocked = (one: Suffix | undefined, odds: number): boolean => one !== undefined && one.gain + odds > 0

const within = (found: readonly Suffix[], odds: number): Counts =>
  found
    .filter((one) => isBlocked(one, odds))
    .map(({ counts }) => counts)
    .reduce(plus, noCounts())

/** The part of the units through which most succeeded: at most half are blocked, or it is no matter of units. */
function bestOf(units: readonly Unit[]): Counts {
  const counted = units.map(({ sequence }) => countOf(sequence)).filter((counts) => total(counts) > 0)
  const share = (counts: Counts) => counts[0]! / total(counts)
  if (counted.length === 0) return noCounts()
  const shares = counted.map(share).sort((a, b) => b - a)
  // All that are as good as the last of these, or it would hang on the order of the pool.
  const least = shares[Math.ceil(shares.length * 0.4) - 1]!
  return counted.filter((counts) => share(counts) >= least).reduce(plus, noCounts())
}

interface Suffix {
  /** Where the block begins. */
  from: number
  /** Outcomes from there on. */
  counts: Counts
  /** How many beginnings there were to choose from. */
  places: number
  /** By how much a block explains it better than the shares of the rest, with the beginning left open. */
  gain: number
}

/** Looks at every beginning; the likelihood of the end of the sequence is built up from behind. */
function suffixOf(sequence: readonly number[], shares: readonly number[]): Suffix {
  const gains: number[] = []
  let counts = noCounts()
  let best = { from: sequence.length, counts, gain: Number.NEGATIVE_INFINITY }
  let usual = 0
  for (let from = sequence.length - 1; from >= 0; from--) {
    const outcome = sequence[from]!
    counts = [...counts]
    counts[outcome]!++
    usual += shares[outcome]!
    // A long sequence is asked at some two hundred places only.
    if (from > 0 && from % Math.ceil(sequence.length / 200) !== 0) continue
    const gain = logLikelihood(counts, blocked) - usual
    gains.push(gain)
    if (gain > best.gain) best = { from, counts, gain }
  }
  const gain = gains.length === 0 ? Number.NEGATIVE_INFINITY : logMean(gains)
  return { from: best.from, counts: best.counts, places: Math.max(1, gains.length), gain }
}
