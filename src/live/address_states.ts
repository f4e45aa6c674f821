/**
 * The states of the addresses of a run, as they are carried out, for those who dial: in the process that carries them
 * out, and in the thread of its clients, through memory that both see. A SYN is never sent while an address turns from
 * one state into another: that it was refused then, or reset, would be nobody's doing.
 */
import type { Fault } from '../core/fault/fault.js'
import { soon } from './clock.js'

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
  /** Until it is called off, no address turns: between a look and the SYN. */
  hold(): () => void
  /** A connection to the place is being made, until that is called off. */
  dials(place: string): () => void
  /** A SYN to the place has been sent, from either thread, and its dialler has not heard of an answer yet. */
  isDialled(place: string): boolean
}

/**
 * What both threads see: who dials at this moment, then for each place its state and how many connections to it are being
 * made, then which faults are armed.
 */
export interface SharedStates {
  places: readonly string[]
  faults: readonly Fault[]
  cells: Int32Array
}

const UNKNOWN = -2
const TURNING = -1
/** Of the cell that counts those who dial; the places follow. */
const DIALLING = 0
const FIRST = 1

/** Longer than a thread needs to end its turn; one that died in it will not. */
const PATIENCE_MS = 1000

export interface OwnStates extends AddressStates {
  readonly shared: SharedStates
  /** The other thread's plan follows. */
  arm(fault: string, armed: boolean): void
}

/** Of the thread that carries them out. */
export function createAddressStates(places: readonly string[], faults: readonly Fault[]): OwnStates {
  const cells = new Int32Array(new SharedArrayBuffer(4 * (FIRST + 2 * places.length + faults.length)))
  cells.fill(UNKNOWN, FIRST, FIRST + places.length)
  cells.fill(1, FIRST + 2 * places.length)
  const states = new Map<string, AddressState>()
  return {
    shared: { places, faults, cells },
    get: (place) => states.get(place),
    set(place, state) {
      states.set(place, state)
      const at = places.indexOf(place)
      if (at < 0) return
      Atomics.store(cells, FIRST + at, state.turning ? TURNING : 1 + faults.indexOf(state.fault as Fault))
      if (state.turning) awaitDiallers(cells)
    },
    // Nothing of this thread runs between a look and the SYN.
    hold: () => nothing,
    ...dialsIn(places, cells),
    arm(fault, armed) {
      const at = faults.findIndex(({ id }) => id === fault)
      if (at >= 0) Atomics.store(cells, FIRST + 2 * places.length + at, armed ? 1 : 0)
    },
  }
}

const nothing = (): void => {}

function dialsIn(places: readonly string[], cells: Int32Array): Pick<AddressStates, 'dials' | 'isDialled'> {
  const cellOf = (place: string) => FIRST + places.length + places.indexOf(place)
  return {
    dials(place) {
      if (!places.includes(place)) return nothing
      const at = cellOf(place)
      let counted = true
      Atomics.add(cells, at, 1)
      return () => {
        if (counted) Atomics.sub(cells, at, 1)
        counted = false
      }
    },
    isDialled: (place) => places.includes(place) && Atomics.load(cells, cellOf(place)) > 0,
  }
}

function awaitDiallers(cells: Int32Array): void {
  for (let dialling = Atomics.load(cells, DIALLING); dialling > 0; dialling = Atomics.load(cells, DIALLING)) {
    if (Atomics.wait(cells, DIALLING, dialling, PATIENCE_MS) !== 'timed-out') continue
    Atomics.store(cells, DIALLING, 0)
    return
  }
}

/** Of a thread that only dials. */
export function followAddressStates({ places, faults, cells }: SharedStates): AddressStates {
  const cellOf = (place: string): number => {
    const at = places.indexOf(place)
    return at < 0 ? UNKNOWN : Atomics.load(cells, FIRST + at)
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
    hold() {
      Atomics.add(cells, DIALLING, 1)
      return () => {
        Atomics.sub(cells, DIALLING, 1)
        Atomics.notify(cells, DIALLING)
      }
    },
    ...dialsIn(places, cells),
  }
}

/** Whether each fault is armed, as the thread that carries them out has it. */
export const armedIn = ({ places, faults, cells }: SharedStates): (readonly [id: string, armed: boolean])[] =>
  faults.map(({ id }, at) => [id, Atomics.load(cells, FIRST + 2 * places.length + at) === 1] as const)
