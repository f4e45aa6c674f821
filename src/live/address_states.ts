/**
 * The states of the addresses of a run, as they are carried out, for those who dial: in the process that carries them
 * out, and in the thread of its clients, through memory that both see. A SYN is never sent while an address turns from
 * one state into another: that it was refused then, or reset, would be nobody's doing.
 */
import type { Fault } from '../core/fault/fault.js'
import { monotonicMs, soon, wait } from './clock.js'

export interface AddressState {
  /** The fault that the address is under. */
  fault: Fault | undefined
  /** It is about to change: a SYN waits until that is settled, so that none gets in between. */
  turning?: Promise<void>
}

/** By place. */
export interface AddressStates {
  /** Undefined where its listener is in another process: the plan tells then. */
  get(place: string): AddressState | undefined
  set(place: string, state: AddressState): void
  /** Until it is called off, an address does not turn: from a look until the SYN was answered, where one is expected. */
  hold(place: string): () => void
  /** Resolves when nobody holds it. Who looks from now on is to see that it turns. */
  quiet(place: string): Promise<void>
}

/** What both threads see: a state for each place, then how many dial there at this moment, then which faults are armed. */
export interface SharedStates {
  places: readonly string[]
  faults: readonly Fault[]
  cells: Int32Array
}

const UNKNOWN = -2
const TURNING = -1

/** Longer than a thread needs to end its turn, and a kernel to answer a SYN; one that drops it never does. */
const PATIENCE_MS = 200

export interface OwnStates extends AddressStates {
  readonly shared: SharedStates
  /** The other thread's plan follows. */
  arm(fault: string, armed: boolean): void
}

/** Of the thread that carries them out. */
export function createAddressStates(places: readonly string[], faults: readonly Fault[]): OwnStates {
  const cells = new Int32Array(new SharedArrayBuffer(4 * (2 * places.length + faults.length)))
  cells.fill(UNKNOWN, 0, places.length)
  cells.fill(1, 2 * places.length)
  const states = new Map<string, AddressState>()
  return {
    shared: { places, faults, cells },
    get: (place) => states.get(place),
    set(place, state) {
      states.set(place, state)
      const at = places.indexOf(place)
      if (at >= 0) Atomics.store(cells, at, state.turning ? TURNING : 1 + faults.indexOf(state.fault as Fault))
    },
    hold: (place) => holdIn(places, cells, place),
    async quiet(place) {
      const at = places.indexOf(place)
      const limit = monotonicMs() + PATIENCE_MS
      // Whose SYN was just answered may not have answered in turn, where the kernel is busy: a moment for that as well.
      do await wait(1)
      while (at >= 0 && Atomics.load(cells, places.length + at) > 0 && monotonicMs() < limit)
    },
    arm(fault, armed) {
      const at = faults.findIndex(({ id }) => id === fault)
      if (at >= 0) Atomics.store(cells, 2 * places.length + at, armed ? 1 : 0)
    },
  }
}

const nothing = (): void => {}

function holdIn(places: readonly string[], cells: Int32Array, place: string): () => void {
  const at = places.indexOf(place)
  if (at < 0) return nothing
  Atomics.add(cells, places.length + at, 1)
  let held = true
  return () => {
    if (held) Atomics.sub(cells, places.length + at, 1)
    held = false
  }
}

/** Of a thread that only dials. */
export function followAddressStates({ places, faults, cells }: SharedStates): AddressStates {
  const cellOf = (place: string): number => {
    const at = places.indexOf(place)
    return at < 0 ? UNKNOWN : Atomics.load(cells, at)
  }
  const settled = async (place: string): Promise<void> => {
    while (cellOf(place) === TURNING) await new Promise<void>(soon)
  }
  return {
    get(place) {
      const state = cellOf(place)
      if (state === UNKNOWN) return undefined
      return state === TURNING ? { fault: undefined, turning: settled(place) } : { fault: faults[state - 1] }
    },
    set: nothing,
    hold: (place) => holdIn(places, cells, place),
    quiet: async () => {},
  }
}

/** Whether each fault is armed, as the thread that carries them out has it. */
export const armedIn = ({ places, faults, cells }: SharedStates): (readonly [id: string, armed: boolean])[] =>
  faults.map(({ id }, at) => [id, Atomics.load(cells, 2 * places.length + at) === 1] as const)
