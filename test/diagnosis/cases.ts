/**
 * Labelled cases for diagnosis, drawn from a seed: what is wrong, in which manner, for whom and since when, beside failures
 * that have nothing to do with it. A case says what shall be; scenario.ts makes real hops of it, observed.ts a guess at what
 * would be seen. Neither procedure ever sees one.
 */
import { type DiagnosisClass, diagnosisClassNames } from '../../src/core/gateway/diagnosis/index.js'
import { chanceFrom, type Draw } from '../../src/lib/random.js'

/** How each thing that is wrong shows itself. */
export const manners = {
  none: ['unrelated'],
  exit_block: ['reset', 'close', 'drop', 'garbage', '403', '429'],
  fingerprint_block: ['reset', 'close', 'drop', 'alert', '403'],
  subnet_block: ['reset', 'close', 'drop', 'garbage', '403'],
  origin_overloaded: ['503', 'late', 'reset'],
  origin_down: ['refused', 'blackhole', 'reset', 'close'],
  gateway_overloaded: ['limit'],
  bad_credentials: ['wrong'],
  edge_error: ['refused', 'certificate', 'reset', 'late'],
} as const satisfies Record<DiagnosisClass, readonly string[]>

/** Failures of one attempt that no other attempt shares. */
export const unrelatedKinds = ['reset', 'timeout', 'busy', 'truncated'] as const

export interface Case {
  seed: number
  label: DiagnosisClass
  manner: string
  /** How many exits each /24 has. */
  subnets: number[]
  /** Requests for each exit. */
  requests: number
  /** Share of each profile in the requests. */
  profiles: { name: string; share: number }[]
  /** Indices of what is blocked: exits over all subnets, subnets, or profiles. */
  blocked: number[]
  /** For faults of the pool's middle: the share of requests concerned. */
  affected: number
  /** The part of the run in which it is there. */
  from: number
  to: number
  /** A public edge stands in front of the target. */
  edge: boolean
  /** The target speaks TLS, and the gateway with it. */
  tls: boolean
  /** The share of attempts that fail for reasons of their own, by kind. */
  unrelated: Record<(typeof unrelatedKinds)[number], number>
}

/** Many exits have few requests each, or hundreds of runs would take hours. */
const MOST_ATTEMPTS = 1200

/** @param profileNames what gateways can speak: their real names, where it is run for real */
export function drawCase(seed: number, profileNames: readonly string[]): Case {
  const draw = chanceFrom(seed).stream('diagnosis case')
  const label = pick(draw, diagnosisClassNames)
  const manner = pick<string>(draw, manners[label])
  const exits = Math.round(between(draw, 5, 100, 'log'))
  const subnets = drawSubnets(draw, exits)
  const requests = Math.round(between(draw, 20, Math.min(200, Math.max(20, MOST_ATTEMPTS / exits)), 'log'))
  const affected = between(draw, 0.01, 0.5)
  const [from, to] = drawSpan(draw, label)
  const tls = label === 'fingerprint_block' || manner === 'certificate' || draw() < 0.25
  const shares = drawProfiles(draw, label, affected, tls)
  return {
    seed,
    label,
    manner,
    subnets,
    requests,
    profiles: shares.map((share, n) => ({ name: profileNames[n]!, share })),
    blocked: drawBlocked(draw, label, subnets, affected),
    affected,
    from,
    to,
    edge: label === 'edge_error' || (label !== 'origin_down' && label !== 'origin_overloaded' && draw() < 0.3),
    tls,
    unrelated: drawUnrelated(draw),
  }
}

/** How many requests a second, in all, and for how long: no run is over before anything could show. */
export function paceOf({ subnets, requests, tls }: Case): { rate: number; seconds: number } {
  const total = requests * subnets.reduce((sum, size) => sum + size, 0)
  const seconds = Math.max(MIN_SECONDS, total / (tls ? MAX_RATE_TLS : MAX_RATE))
  return { rate: total / seconds, seconds }
}

/** What a machine of two cores carries with ease three times over: a connection for each attempt, and a handshake each. */
const MAX_RATE = 150
const MAX_RATE_TLS = 50
const MIN_SECONDS = 6

export interface Work {
  workers: number
  service_ms: number
  queue: number
}

/** An origin that can do less than comes in: by the share affected, at least a tenth; and how much may wait there. */
export function overloadOf(one: Case): Work {
  // What fails for other reasons is no work for it.
  const others = Object.values(one.unrelated).reduce((a, b) => a + b, 0)
  const capacity = paceOf(one).rate * (1 - others) * (1 - Math.max(one.manner === 'late' ? 0.3 : 0.1, one.affected))
  const workers = Math.max(1, Math.round((capacity * SERVICE_MS) / 1000))
  const draw = chanceFrom(one.seed).at('wait', 'origin', 0)
  const waitMs = one.manner === 'late' ? 2 * READ_LIMIT_MS : (0.35 + 0.25 * draw) * READ_LIMIT_MS
  const queue = Math.max(6, Math.round((waitMs * capacity) / 1000))
  return { workers, service_ms: (1000 * workers) / capacity, queue }
}

/** The exits, subnet by subnet. */
export const exitsOf = ({ subnets }: Case): { id: string; subnet: string; tag: string }[] =>
  subnets.flatMap((size, n) =>
    Array.from({ length: size }, (_, k) => ({
      id: `127.11.${n + 1}.${k + 1}`,
      subnet: `127.11.${n + 1}.0/24`,
      tag: 'residential',
    })),
  )

/** What one page takes the origin, more or less. */
export const SERVICE_MS = 80

/** How long gateways wait for a response, and for a connection. */
export const READ_LIMIT_MS = 1200
export const CONNECT_LIMIT_MS = 1000

/** The share of what the edge asks that fails, while something is wrong behind it. */
export const edgeShareOf = ({ affected }: Case): number => 0.25 + 1.5 * affected

/** At least two, so that a network can be told from the pool; most have several exits. */
function drawSubnets(draw: Draw, exits: number): number[] {
  const count = Math.max(2, Math.min(Math.floor(exits / 2), Math.round(between(draw, 2, 12, 'log'))))
  const sizes = Array.from({ length: count }, () => 2)
  if (2 * count > exits) sizes[0] = exits - 2 * (count - 1)
  for (let left = exits - sizes.reduce((a, b) => a + b, 0); left > 0; left--) sizes[Math.floor(draw() * count)]!++
  return sizes
}

/** A block stays, once it is there; the target is down for a while; what is over its limits is so from the start. */
function drawSpan(draw: Draw, label: DiagnosisClass): [from: number, to: number] {
  if (label === 'origin_down' || label === 'edge_error') {
    const length = between(draw, 0.25, 0.9)
    const from = between(draw, 0, 1 - length)
    return [from, from + length]
  }
  return label.endsWith('_block') ? [between(draw, 0, 0.5), 1] : [0, 1]
}

/** With a blocked profile: its share is that of the requests affected. */
function drawProfiles(draw: Draw, label: DiagnosisClass, affected: number, tls: boolean): number[] {
  if (label === 'fingerprint_block') return [1 - Math.max(0.02, affected), Math.max(0.02, affected)]
  return !tls || draw() < 0.5 ? [1] : [0.7, 0.3]
}

function drawBlocked(draw: Draw, label: DiagnosisClass, subnets: readonly number[], affected: number): number[] {
  if (label === 'fingerprint_block') return [1]
  if (label === 'subnet_block') return some(draw, subnets.length, affected)
  if (label !== 'exit_block') return []
  const count = subnets.reduce((sum, size) => sum + size, 0)
  // Exits that happen to be a whole network are a network: no one can tell, so none is drawn so.
  const subnetOf = subnets.flatMap((size, subnet) => Array.from({ length: size }, () => subnet))
  const left = [...subnets]
  const chosen = some(draw, count, affected).filter((exit) => {
    const subnet = subnetOf[exit]!
    if (left[subnet] === 1) return false
    left[subnet]!--
    return true
  })
  return chosen.length > 0 ? chosen : [0]
}

/** That share of 0 … count - 1, at least one and at most half, in ascending order. */
function some(draw: Draw, count: number, share: number): number[] {
  const all = Array.from({ length: count }, (_, n) => ({ n, at: draw() })).sort((a, b) => a.at - b.at)
  const size = Math.max(1, Math.min(Math.floor(count / 2), Math.round(count * share)))
  return all
    .slice(0, size)
    .map(({ n }) => n)
    .sort((a, b) => a - b)
}

/** 5 to 20 % in all, in proportions of their own. */
function drawUnrelated(draw: Draw): Case['unrelated'] {
  const all = between(draw, 0.05, 0.2)
  const weights = unrelatedKinds.map(() => 0.1 + draw())
  const sum = weights.reduce((a, b) => a + b, 0)
  return Object.fromEntries(unrelatedKinds.map((kind, n) => [kind, (all * weights[n]!) / sum])) as Case['unrelated']
}

const pick = <T>(draw: Draw, of: readonly T[]): T => of[Math.floor(draw() * of.length)]!

const between = (draw: Draw, low: number, high: number, scale: 'even' | 'log' = 'even'): number =>
  scale === 'log' ? low * (high / low) ** draw() : low + (high - low) * draw()
