/**
 * Weighs what can be seen: for each class how well it explains all outcomes together, as the logarithm of a likelihood with
 * unknown shares integrated out (belief.ts), who is blocked and since when searched for (blocks.ts), and how late the
 * target was (lateness.ts). The best explanation wins, if it beats "unrelated failures" by enough.
 */
import { z } from 'zod'
import type { Observation } from '../observation.js'
import {
  type Belief,
  background,
  type Counts,
  countOf,
  down,
  failingBehindEdge,
  indexOf,
  logLikelihood,
  minus,
  noCounts,
  overloaded,
  plus,
  refusingClients,
  refusingWork,
  total,
} from './belief.js'
import { type Blocks, findBlocks, type Unit } from './blocks.js'
import type { DiagnosedPool, Diagnosis, DiagnosisClass } from './diagnosis.js'
import { latenessOf } from './lateness.js'
import { outcomeOf, outcomes } from './outcome.js'

const schema = z.strictObject({
  type: z.literal('evidence'),
  odds: z
    .number()
    .min(1)
    .default(1000)
    .meta({ description: 'How many times likelier than unrelated failures an explanation must be' }),
})

export const evidence = {
  summary:
    'how well each explanation accounts for all outcomes together: per exit, network, profile, time and lateness',
  schema,
  diagnose({ odds }: z.output<typeof schema>, observations: readonly Observation[], pool: DiagnosedPool): Diagnosis {
    if (observations.every(({ ok }) => ok)) return { class: 'none', because: 'nothing failed' }
    const seen = inOrder(observations)
    const counts = countOf(seen.map(({ outcome }) => outcome))
    const usual = logLikelihood(counts, background)
    const best = explanations(seen, pool).reduce((a, b) => (b.log > a.log ? b : a))
    const weight = best.log - usual
    if (weight < Math.log(odds)) {
      const failed = `${seen.length - counts[0]!} of ${seen.length} attempts failed (${kindsIn(counts)})`
      const because = `${failed}; no explanation is ${odds} times likelier than unrelated failures`
      return { class: 'none', because }
    }
    return { ...best.tell(), because: `${best.because()}; log odds ${weight.toFixed(0)} against unrelated failures` }
  },
} as const

/** One attempt as it is weighed: nobody's name says anything. */
interface Seen {
  outcome: number
  began: number
  from: Observation
}

/**
 * In the order in which they began, or what took until a time limit would seem to come last; those of the same moment by
 * their outcome, so that no order of telling matters.
 */
const inOrder = (observations: readonly Observation[]): Seen[] =>
  observations
    .map((from) => ({ outcome: indexOf(outcomeOf(from)), began: from.t - from.ms, from }))
    .sort((a, b) => a.began - b.began || a.outcome - b.outcome)

interface Explanation {
  log: number
  tell(): Omit<Diagnosis, 'because'>
  because(): string
}

function explanations(seen: readonly Seen[], pool: DiagnosedPool): Explanation[] {
  const lateness = latenessOf(seen.map(({ from }) => from))
  const late = `in ${percent(lateness.share)} of the time most responses took over ${lateness.times} times as long as their exit needs`
  return [
    forWhile('bad_credentials', refusingClients, seen),
    forWhile('gateway_overloaded', refusingWork, seen),
    forWhile('edge_error', failingBehindEdge, seen),
    forWhile('origin_down', down, seen),
    forWhile('origin_overloaded', overloaded, seen, lateness.log, `; ${late}`),
    ...local(seen, pool),
  ]
}

/** Blocks of exits, of profiles, and of networks with more than one exit. */
function local(seen: readonly Seen[], pool: DiagnosedPool): Explanation[] {
  const kind = (
    name: DiagnosisClass,
    key: 'exits' | 'subnets' | 'profiles',
    names: readonly string[],
    of: (from: Observation) => string,
    often: number,
  ): Explanation[] => {
    if (names.length === 0) return []
    const known = new Set(names)
    const others = countOf(seen.filter(({ from }) => !known.has(of(from))).map(({ outcome }) => outcome))
    const blocks = findBlocks(unitsOf(seen, names, of), others, often)
    // Where nothing is left, it is no matter of who.
    if (blocks.names.length === 0 || total(blocks.untouched) === 0) return []
    const because = () => told(blocks, names.length, key)
    return [{ log: blocks.log, tell: () => ({ class: name, [key]: blocks.names }), because }]
  }
  return [
    ...kind(
      'exit_block',
      'exits',
      pool.exits.map(({ id }) => id),
      ({ exit }) => exit,
      0.1,
    ),
    ...kind('fingerprint_block', 'profiles', pool.profiles, ({ profile }) => profile, 0.2),
    ...kind('subnet_block', 'subnets', sharedSubnets(pool), ({ subnet }) => subnet, 0.1),
  ]
}

const sharedSubnets = ({ exits }: DiagnosedPool): string[] => {
  const sizes = new Map<string, number>()
  for (const { subnet } of exits) sizes.set(subnet, (sizes.get(subnet) ?? 0) + 1)
  return [...sizes].filter(([, size]) => size > 1).map(([subnet]) => subnet)
}

function unitsOf(seen: readonly Seen[], names: readonly string[], of: (from: Observation) => string): Unit[] {
  const sequences = new Map<string, number[]>(names.map((name) => [name, []]))
  for (const { outcome, from } of seen) sequences.get(of(from))?.push(outcome)
  return [...sequences].map(([name, sequence]) => ({ name, sequence }))
}

const SLICES = 40

/** It was so for a while, for everybody: every span of time is tried, in slices of as many attempts each. */
function forWhile(name: DiagnosisClass, belief: Belief, seen: readonly Seen[], more = 0, why = ''): Explanation {
  const sequence = seen.map(({ outcome }) => outcome)
  const slices = slicesOf(sequence)
  const everything = countOf(sequence)
  let best = { log: Number.NEGATIVE_INFINITY, inside: noCounts() }
  for (let from = 0; from < slices.length; from++) {
    let inside: Counts = noCounts()
    for (let to = from; to < slices.length; to++) {
      inside = plus(inside, slices[to]!)
      const log = logLikelihood(inside, belief) + logLikelihood(minus(everything, inside), background)
      if (log > best.log) best = { log, inside }
    }
  }
  const spans = (slices.length * (slices.length + 1)) / 2
  const { inside } = best
  return {
    log: best.log - Math.log(spans) + more,
    tell: () => ({ class: name }),
    because: () =>
      `of ${total(inside)} attempts in a row ${total(inside) - inside[0]!} failed (${kindsIn(inside)})${why}`,
  }
}

function slicesOf(sequence: readonly number[]): Counts[] {
  const size = Math.max(1, Math.ceil(sequence.length / SLICES))
  const slices: Counts[] = []
  for (let from = 0; from < sequence.length; from += size) slices.push(countOf(sequence.slice(from, from + size)))
  return slices
}

function told({ names, within, rest }: Blocks, of: number, what: string): string {
  const share = (counts: Counts) => percent(total(counts) === 0 ? 0 : 1 - counts[0]! / total(counts))
  return `${names.length} of ${of} ${what} fail ${share(within)}, everybody else ${share(rest)}`
}

const kindsIn = (counts: Counts): string =>
  outcomes
    .map((kind, index) => ({ kind, count: counts[index]! }))
    .filter(({ kind, count }) => kind !== 'ok' && count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ kind, count }) => `${count} ${kind}`)
    .join(', ')

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`
