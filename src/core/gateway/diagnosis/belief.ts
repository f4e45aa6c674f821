/**
 * How likely a set of outcomes is under a belief about their shares. A belief breaks a stick: our own refusals first, then
 * what an edge says, then denials, then failures of all else, and of these the slow ones. Each share has the values that it may have, equally probable
 * and none beyond: what lies outside soon becomes impossible. The kinds among the failures are Dirichlet distributed. Shares are
 * integrated out, so that a belief that could explain everything pays for it.
 */
import { logGamma } from '../../../lib/statistics.js'
import { type Outcome, outcomes } from './outcome.js'

/** The values that a share may have. */
export type Shares = readonly number[]

const sticks = ['credentials', 'overload', 'edge', 'denied'] as const
const kinds = ['handshake', 'cut', 'unreached', 'late', 'busy', 'broken'] as const
type Stick = (typeof sticks)[number]

export interface Belief {
  readonly sticks: Readonly<Record<Stick, Shares>>
  /** Failures among what is left. */
  readonly failing: Shares
  /** Those that are late or busy, among these. */
  readonly slow: Shares
  /** Pseudo-counts of the kinds of these failures. */
  readonly kinds: Readonly<Record<(typeof kinds)[number], number>>
}

/** How many there were of each outcome, in the order of `outcomes`. */
export type Counts = number[]

export const noCounts = (): Counts => outcomes.map(() => 0)

export const indexOf = (outcome: Outcome): number => outcomes.indexOf(outcome)

export const countOf = (sequence: readonly number[]): Counts => {
  const counts = noCounts()
  for (const outcome of sequence) counts[outcome]!++
  return counts
}

export const plus = (a: Counts, b: Counts): Counts => a.map((count, index) => count + b[index]!)
export const minus = (a: Counts, b: Counts): Counts => a.map((count, index) => count - b[index]!)
export const total = (counts: Counts): number => counts.reduce((sum, count) => sum + count, 0)

const STICKS = sticks.map(indexOf)
const KINDS = kinds.map(indexOf)
const SLOW = (['late', 'busy'] as const).map(indexOf)
const OK = indexOf('ok')

/** The natural logarithm of the probability of that sequence of outcomes, whatever its order. */
export function logLikelihood(counts: Counts, belief: Belief): number {
  let left = total(counts)
  let sum = 0
  for (const [n, index] of STICKS.entries()) {
    const count = counts[index]!
    left -= count
    sum += logMean(logsOf(count, left, belief.sticks[sticks[n]!]))
  }
  const ok = counts[OK]!
  const slow = SLOW.reduce((a, index) => a + counts[index]!, 0)
  sum += logMean(logsOf(left - ok, ok, belief.failing)) + logMean(logsOf(slow, left - ok - slow, belief.slow))
  return sum + dirichletMultinomial(counts, belief)
}

const logsOf = (yes: number, no: number, shares: Shares): number[] =>
  shares.map((share) => yes * Math.log(share) + no * Math.log1p(-share))

export function logMean(logs: readonly number[]): number {
  const highest = Math.max(...logs)
  return highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0) / logs.length)
}

function dirichletMultinomial(counts: Counts, belief: Belief): number {
  let [n, alphas, sum] = [0, 0, 0]
  for (const [k, index] of KINDS.entries()) {
    const [count, alpha] = [counts[index]!, belief.kinds[kinds[k]!]]
    n += count
    alphas += alpha
    if (count > 0) sum += logGamma(alpha + count) - logGamma(alpha)
  }
  return n === 0 ? 0 : sum + logGamma(alphas) - logGamma(alphas + n)
}

/** The probability of each outcome for one more attempt, after those counted. */
export function predictive(counts: Counts, belief: Belief): number[] {
  const probable = noCounts()
  let [left, mass] = [total(counts), 1]
  for (const [n, index] of STICKS.entries()) {
    left -= counts[index]!
    const share = expected(counts[index]!, left, belief.sticks[sticks[n]!])
    probable[index] = mass * share
    mass *= 1 - share
  }
  const failed = left - counts[OK]!
  const failing = expected(failed, counts[OK]!, belief.failing)
  probable[OK] = mass * (1 - failing)
  const alphas = kinds.reduce((sum, kind) => sum + belief.kinds[kind], 0)
  for (const [k, index] of KINDS.entries()) {
    probable[index] = (mass * failing * (belief.kinds[kinds[k]!] + counts[index]!)) / (alphas + failed)
  }
  return probable
}

function expected(yes: number, no: number, shares: Shares): number {
  const logs = logsOf(yes, no, shares)
  const highest = Math.max(...logs)
  const weights = logs.map((log) => Math.exp(log - highest))
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.reduce((a, weight, n) => a + weight * shares[n]!, 0) / sum
}

/** Something that does happen, and hardly ever. */
const RARE: Shares = [0.0003, 0.001, 0.003, 0.01, 0.02]
/** What our own gateway says has a reason, and no other. */
const NEVER: Shares = [0.0001, 0.001, 0.003]
const EVEN: Shares = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
const ANY: Shares = [0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 0.999]

/** Failures that have nothing to do with each other: some of every kind, hardly more than a quarter. */
export const background: Belief = {
  sticks: { credentials: NEVER, overload: NEVER, edge: RARE, denied: RARE },
  failing: [0.003, 0.01, 0.03, 0.05, 0.07, 0.09, 0.11, 0.13, 0.15, 0.17, 0.19, 0.21, 0.24, 0.28],
  slow: EVEN,
  kinds: { handshake: 0.7, cut: 1, unreached: 0.7, late: 1, busy: 1, broken: 1 },
}

const only = (stick: Stick): Belief => ({ ...background, sticks: { ...background.sticks, [stick]: ANY } })

export const refusingClients: Belief = only('credentials')
export const refusingWork: Belief = only('overload')
export const failingBehindEdge: Belief = only('edge')

/** Nearly nothing passes; a firewall resets, drops, denies, or answers nonsense. */
export const blocked: Belief = {
  sticks: {
    credentials: RARE,
    overload: RARE,
    edge: [0.001, 0.01, 0.5, 0.9, 0.999],
    denied: [0.001, 0.01, 0.5, 0.9, 0.97, 0.999],
  },
  failing: [0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999],
  slow: EVEN,
  kinds: { handshake: 2, cut: 1, unreached: 1, late: 1, busy: 0.2, broken: 0.5 },
}

/** Nothing passes, and mostly because nobody takes the connection. */
export const down: Belief = {
  ...background,
  failing: [0.95, 0.99, 0.998, 0.9999],
  slow: [0.01, 0.05, 0.1, 0.15],
  kinds: { handshake: 1, cut: 1, unreached: 3, late: 0.3, busy: 0.3, broken: 0.2 },
}

/** Much fails and much does not; late or shed. */
export const overloaded: Belief = {
  ...background,
  failing: [
    0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99,
  ],
  slow: EVEN,
  kinds: { handshake: 0.3, cut: 1, unreached: 0.5, late: 2, busy: 2, broken: 0.2 },
}
