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

export interface Hold {
  /** The SYN has left: from now on the kernel has little to do. */
  sent(): void
  /** It was answered, or nobody waits for that. */
  release(): void
}

/** By place. */
export interface AddressStates {
  /** Undefined where its listener is in another process: the plan tells then. */
  get(place: string): AddressState | undefined
  set(place: string, state: AddressState): void
  /** From a look at an address until what was dialled there is answered, it does not turn. */
  hold(place: string): Hold
  /** Resolves when nobody holds it. Who looks from now on is to see that it turns. */
  quiet(place: string): Promise<void>
}

/** What both threads see: of each place its state, how many dial there, how many of them sent no SYN yet; then which faults are armed. */
export interface SharedStates {
  places: readonly string[]
  faults: readonly Fault[]
  cells: Int32Array
}

const UNKNOWN = -2
const TURNING = -1

/** Longer than a kernel needs to answer a SYN; one that drops it never does. */
const ANSWER_MS = 200

/** Longer than any machine stops a thread that is about to send one; who holds for longer is gone. */
const SENDING_MS = 10_000

export interface OwnStates extends AddressStates {
  readonly shared: SharedStates
  /** The other thread's plan follows. */
  arm(fault: string, armed: boolean): void
}

/** Of the thread that carries them out. */
export function createAddressStates(places: readonly string[], faults: readonly Fault[]): OwnStates {
  const cells = new Int32Array(new SharedArrayBuffer(4 * (3 * places.length + faults.length)))
  cells.fill(UNKNOWN, 0, places.length)
  cells.fill(1, 3 * places.length)
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
      const started = monotonicMs()
      let limit = started + ANSWER_MS
      // Whose SYN was just answered may not have answered in turn, where the kernel is busy: a moment for that as well.
      do {
        await wait(1)
        const sending = at >= 0 && Atomics.load(cells, 2 * places.length + at) > 0
        if (sending) limit = Math.min(monotonicMs() + ANSWER_MS, started + SENDING_MS)
      } while (at >= 0 && Atomics.load(cells, places.length + at) > 0 && monotonicMs() < limit)
    },
    arm(fault, armed) {
      const at = faults.findIndex(({ id }) => id === fault)
      if (at >= 0) Atomics.store(cells, 3 * places.length + at, armed ? 1 : 0)
    },
  }
}

const nothing = (): void => {}

function holdIn(places: readonly string[], cells: Int32Array, place: string): Hold {
  const at = places.indexOf(place)
  if (at < 0) return { sent: nothing, release: nothing }
  const [dialling, sending] = [places.length + at, 2 * places.length + at]
  Atomics.add(cells, sending, 1)
  Atomics.add(cells, dialling, 1)
  let [held, unsent] = [true, true]
  function sent(): void {
    if (unsent) Atomics.sub(cells, sending, 1)
    unsent = false
  }
  function release(): void {
    sent()
    if (held) Atomics.sub(cells, dialling, 1)
    held = false
  }
  return { sent, release }
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
  faults.map(({ id }, at) => [id, Atomics.load(cells, 3 * places.length + at) === 1] as const)
