/**
 * Timers on a clock that runs faster than the real one, as Node has them: in the order in which they are due, with what
 * can be done to a Timeout. time.ts puts them in Node's place. A timer never rings early.
 */
import { AsyncResource } from 'node:async_hooks'

const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout, setImmediate: realSetImmediate } = globalThis

/** Node turns a longer timer into one of a millisecond. */
export const LONGEST_MS = 2_147_483_647

export interface Clock {
  /** Milliseconds on it. */
  elapsed(): number
  /** How many times as fast as the real one. */
  scale: number
  /** A delay was asked for. */
  book(ms: number): void
}

type Callback = (...parameters: unknown[]) => void

export interface FakeTimeout {
  ref(): FakeTimeout
  unref(): FakeTimeout
  hasRef(): boolean
  refresh(): FakeTimeout
  close(): FakeTimeout
  [Symbol.toPrimitive](): number
}

export interface Timers {
  setTimeout(callback: Callback, ms?: number, ...parameters: unknown[]): FakeTimeout
  setInterval(callback: Callback, ms?: number, ...parameters: unknown[]): FakeTimeout
  clear(timeout?: unknown): void
  /** How many are set. */
  size(): number
}

export function createTimers(clock: Clock): Timers {
  const queue = createQueue(clock)
  const byId = new Map<number, Timeout>()
  const start = (callback: Callback, ms: unknown, repeats: boolean, parameters: unknown[]): FakeTimeout => {
    if (typeof callback !== 'function') {
      const error = new TypeError(`The "callback" argument must be of type function. Received ${String(callback)}`)
      throw Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' })
    }
    const asked = Number(ms ?? 0)
    clock.book(asked)
    return new Timeout(callback, lasting(asked), repeats, parameters, queue, byId)
  }
  return {
    setTimeout: (callback, ms, ...parameters) => start(callback, ms, false, parameters),
    setInterval: (callback, ms, ...parameters) => start(callback, ms, true, parameters),
    clear(timeout) {
      if (timeout instanceof Timeout) timeout.close()
      else if (typeof timeout === 'number' || typeof timeout === 'string') byId.get(Number(timeout))?.close()
    },
    size: () => queue.size(),
  }
}

/** What Node makes of a delay: whole milliseconds, one at least, and one where it does not fit. */
function lasting(asked: number): number {
  if (asked > LONGEST_MS) {
    const message = `${asked} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`
    process.emitWarning(message, 'TimeoutOverflowWarning')
  }
  return asked >= 1 && asked <= LONGEST_MS ? Math.trunc(asked) : 1
}

let lastId = 0

class Timeout implements FakeTimeout {
  /** When it is due, on its clock, and its rank among those due at that moment; set by the queue. */
  due = 0
  rank = 0
  /** Where in the heap; undefined when it is not set. */
  place: number | undefined
  private refed = true
  private closed = false
  private readonly id = ++lastId
  private readonly scene = new AsyncResource('Timeout')

  constructor(
    private readonly callback: Callback,
    readonly ms: number,
    private readonly repeats: boolean,
    private readonly parameters: unknown[],
    private readonly queue: Queue,
    private readonly byId: Map<number, Timeout>,
  ) {
    queue.add(this)
  }

  ring(): void {
    try {
      this.scene.runInAsyncScope(this.callback, this, ...this.parameters)
    } finally {
      if (this.repeats && !this.closed) this.queue.add(this)
      else if (this.place === undefined) this.byId.delete(this.id)
    }
  }

  /** Whether it keeps the process alive is of no consequence here: the channel to the parent does. */
  ref(): this {
    this.refed = true
    return this
  }
  unref(): this {
    this.refed = false
    return this
  }
  hasRef(): boolean {
    return this.refed
  }
  refresh(): this {
    if (!this.closed) this.queue.add(this)
    return this
  }
  close(): this {
    this.closed = true
    this.queue.remove(this)
    this.byId.delete(this.id)
    return this
  }
  [Symbol.toPrimitive](): number {
    this.byId.set(this.id, this)
    return this.id
  }
  [Symbol.dispose](): void {
    this.close()
  }
}

interface Queue {
  /** From now on; one that is set already starts anew. */
  add(timeout: Timeout): void
  remove(timeout: Timeout): void
  size(): number
}

/** A binary heap by what is due first, and one real timer for the first. */
function createQueue({ elapsed, scale }: Clock): Queue {
  const heap: Timeout[] = []
  let rank = 0
  let armed: { due: number; handle: NodeJS.Timeout } | undefined

  /** One callback a turn, as Node does it: what it promised is done before the next one. */
  const ringDue = (): void => {
    if (armed) realClearTimeout(armed.handle)
    armed = undefined
    const [first] = heap
    if (!first || first.due > elapsed()) return arm()
    take(heap, first)
    realSetImmediate(ringDue)
    first.ring()
  }
  const arm = (): void => {
    const [first] = heap
    if (!first || (armed && armed.due <= first.due)) return
    if (armed) realClearTimeout(armed.handle)
    const wait = Math.max(1, Math.ceil((first.due - elapsed()) / scale))
    armed = { due: first.due, handle: realSetTimeout(ringDue, wait) }
  }
  return {
    add(timeout) {
      take(heap, timeout)
      timeout.due = elapsed() + timeout.ms
      timeout.rank = ++rank
      place(heap, timeout, rise(heap, timeout, heap.length))
      arm()
    },
    remove: (timeout) => take(heap, timeout),
    size: () => heap.length,
  }
}

const before = (a: Timeout, b: Timeout): boolean => a.due < b.due || (a.due === b.due && a.rank < b.rank)

function place(heap: Timeout[], timeout: Timeout, at: number): void {
  heap[at] = timeout
  timeout.place = at
}

/** Moves those that come later down, from a gap upwards; returns where the gap is then. */
function rise(heap: Timeout[], timeout: Timeout, gap: number): number {
  let at = gap
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!before(timeout, heap[parent]!)) break
    place(heap, heap[parent]!, at)
    at = parent
  }
  return at
}

/** The same, downwards with those that come earlier. */
function sink(heap: Timeout[], timeout: Timeout, gap: number): number {
  let at = gap
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) return at
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
    if (!before(heap[child]!, timeout)) return at
    place(heap, heap[child]!, at)
    at = child
  }
}

/** Out of the heap, if it is in there; the last one fills the gap. */
function take(heap: Timeout[], timeout: Timeout): void {
  const gap = timeout.place
  if (gap === undefined) return
  timeout.place = undefined
  const last = heap.pop()!
  if (last === timeout) return
  place(heap, last, sink(heap, last, rise(heap, last, gap)))
}
