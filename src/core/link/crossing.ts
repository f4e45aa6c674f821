/**
 * One connection's way over a link that may misbehave: what becomes of a chunk of bytes that arrives in one direction.
 * The relay carries it out. It knows no clock and no socket, and nothing of what the bytes mean.
 */
import { sampleMs } from '../../lib/distribution.js'
import { InvariantError } from '../../lib/errors.js'
import type { Chance } from '../../lib/random.js'
import type { Fault } from '../fault/fault.js'
import type { FaultPlan } from '../fault/plan.js'

/** Towards the hop behind the link, and back. */
export type Direction = 'up' | 'down'

/** What becomes of some bytes. Nothing overtakes what came before it in its direction. */
export type Fate = Passed | Ended

export interface Passed {
  do: 'pass'
  bytes: number
  /** Not sooner than in so many milliseconds; Infinity: never. */
  in_ms: number
  /** So many bytes at once, then a pause. */
  pace: { bytes: number; every_ms: number } | undefined
  /** The fault that took effect, where it counts once more. */
  fault: Fault | undefined
}

/** The connection ends, both ways and behind what has passed. */
export interface Ended {
  do: 'reset' | 'close'
  fault: Fault
}

export interface Moment {
  /** Since the load's start: what windows are counted in. It begins anew when a rig is reset. */
  load_ms: number
  /** From any zero, and never back. */
  steady_ms: number
}

export interface Crossing {
  /** The parts of the chunk in their order; nothing follows an end. */
  arrive(direction: Direction, bytes: number, now: Moment): Fate[]
}

/** One direction. */
interface Lane {
  /** Bytes that arrived so far. */
  offset: number
  /** A flight is what one side says until the other one speaks: a request, or a response. */
  flight: number
  flightStart: number
  /** The faults that were counted in this flight. */
  counted: Set<Fault>
  /** When a throttled lane takes its next piece, by the steady clock. */
  free_ms: number
}

const lane = (): Lane => ({ offset: 0, flight: 0, flightStart: 0, counted: new Set(), free_ms: 0 })

/**
 * @param link such as `lb->app`; @param ordinal the n-th connection over it, from 1
 *
 * How a kernel cuts the bytes into chunks differs from run to run. So draws hang on the place of a chunk in its flight,
 * and a fault counts once per flight, however many chunks of it are late.
 */
export function createCrossing(
  link: string,
  ordinal: number,
  faults: readonly Fault[],
  plan: FaultPlan,
  chance: Chance,
): Crossing {
  const lanes = { up: lane(), down: lane() }
  const borders = { up: bordersOf(link, faults, 'up'), down: bordersOf(link, faults, 'down') }
  let speaker: Direction | undefined

  function part(direction: Direction, bytes: number, left: number, now: Moment): Fate {
    const mine = lanes[direction]
    const key = `${link}/${ordinal}/${direction}/${mine.flight}/${mine.offset - mine.flightStart}`
    const fault = plan.take(link, 'wire', { now_ms: now.load_ms, direction, offset: mine.offset, bytes: left, key })
    if (!fault) return { do: 'pass', bytes, in_ms: 0, pace: undefined, fault }
    let draws = 0
    return fateOf(fault, mine, bytes, now, () => chance.at('wire', `${fault.id}/${key}`, draws++))
  }
  return {
    arrive(direction, bytes, now) {
      const mine = lanes[direction]
      if (speaker !== direction) {
        speaker = direction
        mine.flight++
        mine.flightStart = mine.offset
        mine.counted.clear()
      }
      const fates: Fate[] = []
      for (let left = bytes; left > 0; ) {
        const border = borders[direction].find((one) => one > mine.offset) ?? Number.POSITIVE_INFINITY
        const length = Math.min(left, border - mine.offset)
        const fate = part(direction, length, left, now)
        fates.push(fate)
        if (fate.do !== 'pass') break
        mine.offset += length
        left -= length
      }
      return fates
    },
  }
}

/** Where a chunk is split, since a fault begins exactly there. */
const bordersOf = (link: string, faults: readonly Fault[], direction: Direction): number[] =>
  faults
    .flatMap(({ on, at }) =>
      on === link && at.type === 'wire' && at.direction !== opposite[direction] ? at.after : [],
    )
    .sort((a, b) => a - b)

const opposite = { up: 'down', down: 'up' } as const

function fateOf(fault: Fault, mine: Lane, bytes: number, now: Moment, draw: () => number): Fate {
  const { effect } = fault
  const pass = (inMs: number, pace?: Passed['pace']): Passed => {
    const affected = inMs > 0 || (pace !== undefined && bytes > pace.bytes)
    return { do: 'pass', bytes, in_ms: inMs, pace, fault: affected ? once(fault, mine) : undefined }
  }
  switch (effect.type) {
    case 'reset':
    case 'close':
      return { do: effect.type, fault }
    case 'delay':
      return pass(sampleMs(effect.by, draw))
    case 'throttle': {
      const pace = { bytes: effect.chunk, every_ms: effect.every }
      const start = Math.max(now.steady_ms, mine.free_ms)
      mine.free_ms = start + Math.ceil(bytes / pace.bytes) * pace.every_ms
      return pass(start - now.steady_ms, pace)
    }
    case 'stall':
    case 'swallow':
      // What a path loses is sent again, until it gets through.
      return pass((fault.window?.to ?? Number.POSITIVE_INFINITY) - now.load_ms)
    default:
      throw new InvariantError(`effect ${effect.type} is not one of a link`)
  }
}

function once(fault: Fault, { counted }: Lane): Fault | undefined {
  if (counted.has(fault)) return undefined
  counted.add(fault)
  return fault
}
