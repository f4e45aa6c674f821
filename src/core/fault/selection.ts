/** Which occasions a fault selects. Pure: the time, the draw and the occasion's number are arguments. */
import type { Chance } from '../../lib/random.js'
import { like } from '../pattern.js'
import type { Effect } from './effects/index.js'
import type { Fault, Match } from './fault.js'

/** What is known of one occasion when a trigger asks. Keys that a trigger can't know stay undefined. */
export interface Occasion {
  /** Milliseconds since the start of the load. */
  now_ms: number
  /** How far into the moment it is, where a trigger has an `after`: bytes or milliseconds, as the fault writes them. */
  after?: number | undefined
  method?: string | undefined
  path?: string | undefined
  /** Names in lower case. */
  headers?: Readonly<Record<string, string | string[] | undefined>> | undefined
  /** The address of the peer, without its port. */
  source?: string | undefined
  /** The n-th request of its connection, from 1. */
  ordinal?: number | undefined
  ja3?: string | undefined
  ja4?: string | undefined
  sni?: string | undefined
  /** Of a chunk on a link: its way, what passed that way before it, and its size. */
  direction?: 'up' | 'down' | undefined
  offset?: number | undefined
  bytes?: number | undefined
  /** X-Request-Id, and whose it is (tape.ts). */
  request?: string | undefined
  client?: string | undefined
  /** What a draw hangs on where occasions come in another order in every run; else it is their number. */
  key?: string | undefined
}

/** Whether the occasion is one that the fault speaks of at all; its time aside, see isThere. */
export function matches(fault: Fault, occasion: Occasion): boolean {
  if (occasion.after !== undefined && 'after' in fault.at && fault.at.after !== occasion.after) return false
  if (fault.at.type === 'wire' && !matchesChunk(fault.at, fault.effect, occasion)) return false
  return !fault.match || matchesPattern(fault.match, occasion)
}

function matchesChunk(at: Wire, effect: Effect, { direction, offset = 0, bytes = 0 }: Occasion): boolean {
  if (at.direction !== 'both' && at.direction !== direction) return false
  return offset >= at.after && (effect.type !== 'swallow' || bytes > effect.over)
}

type Wire = Extract<Fault['at'], { type: 'wire' }>

/** Whether the fault takes the n-th (from 0) of the occasions that match it. `draw` is in [0, 1). */
export function selects(fault: Fault, n: number, draw: number): boolean {
  const skipped = fault.after ?? 0
  if (n < skipped) return false
  const k = n - skipped
  if (fault.first !== undefined && k >= fault.first) return false
  if (fault.sequence && fault.sequence[k] !== 'fault') return false
  return fault.probability === undefined || draw < fault.probability
}

/** Whether the fault is there at all at that time: within its window, in a slot that is drawn. */
export function isThere(fault: Fault, nowMs: number, chance: Chance): boolean {
  const { window, flapping } = fault
  if (window && (nowMs < window.from || (window.to !== undefined && nowMs >= window.to))) return false
  return !flapping || chance.at('flapping', fault.id, slotOf(flapping.every, nowMs)) < flapping.share
}

/** When that may change next: the earliest such time after `nowMs`, or undefined. */
export function nextTurn({ window, flapping }: Fault, nowMs: number): number | undefined {
  const edges = [window?.from, window?.to].filter((edge) => edge !== undefined && edge > nowMs) as number[]
  const over = window?.to !== undefined && nowMs >= window.to
  if (flapping && !over) edges.push(...nextSlots(flapping.every, nowMs))
  return edges.length === 0 ? undefined : Math.min(...edges)
}

const slotOf = (every: number, nowMs: number): number => Math.floor(nowMs / every)

/** Where the slot ends; and the one after it, if rounding has that end already behind us. */
function nextSlots(every: number, nowMs: number): number[] {
  const end = (slotOf(every, nowMs) + 1) * every
  return end > nowMs ? [end] : [end + every]
}

function matchesPattern(match: Match, occasion: Occasion): boolean {
  for (const key of ['method', 'path', 'source', 'ja3', 'ja4', 'sni'] as const) {
    const wanted = match[key]
    if (wanted !== undefined && !like(wanted, occasion[key])) return false
  }
  if (match.ordinal !== undefined && match.ordinal !== occasion.ordinal) return false
  for (const [name, wanted] of Object.entries(match.header ?? {})) {
    const value = headerOf(occasion, name.toLowerCase())
    if (!like(wanted, Array.isArray(value) ? value.join(', ') : value)) return false
  }
  return true
}

const headerOf = ({ headers }: Occasion, name: string) =>
  headers && Object.hasOwn(headers, name) ? headers[name] : undefined
