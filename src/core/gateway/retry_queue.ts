/**
 * Requests at a gateway that have to wait before they are tried: for a back-off to pass, or for a target that is paused.
 * Bounded, and each has a deadline. It knows no timers: whoever keeps it asks when to come back, and takes who is due.
 */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'

export const retryQueueSchema = z.strictObject({
  size: z.int().min(0).max(100_000).default(1000).meta({ description: 'Requests that may wait for another try' }),
  deadline: duration()
    .prefault('60s')
    .meta({ description: 'A request that would wait longer, counted from its arrival, is answered' }),
})

export type RetryQueueConfig = z.output<typeof retryQueueSchema>

export interface Waiting<Item> {
  item: Item
  /** When the request arrived. */
  since_ms: number
  due_ms: number
}

export type Entered = 'waiting' | 'full' | 'too_late'

export class RetryQueue<Item> {
  /** In the order in which they came. */
  private readonly waiting = new Set<Waiting<Item>>()

  constructor(private readonly config: RetryQueueConfig) {}

  /** `too_late`: it would be due after its deadline. */
  enter(entry: Waiting<Item>): Entered {
    if (entry.due_ms > this.deadlineOf(entry)) return 'too_late'
    if (this.waiting.size >= this.config.size) return 'full'
    this.waiting.add(entry)
    return 'waiting'
  }

  /** It is wanted no more. */
  leave(item: Item): void {
    for (const entry of this.waiting) if (entry.item === item) this.waiting.delete(entry)
  }

  /**
   * Who leaves the queue now, those due first before those due later, and among equals who came first. `late`: the
   * deadline has come first.
   * @param mayGo asked in that order for each that is due; who may not stays
   */
  take(nowMs: number, mayGo: (item: Item) => boolean): { item: Item; late: boolean }[] {
    const taken: { item: Item; late: boolean }[] = []
    for (const entry of [...this.waiting].sort((one, other) => one.due_ms - other.due_ms)) {
      const late = nowMs > this.deadlineOf(entry)
      if (!late && (nowMs < entry.due_ms || !mayGo(entry.item))) continue
      this.waiting.delete(entry)
      taken.push({ item: entry.item, late })
    }
    return taken
  }

  /** When the next one may be due, or past its deadline; undefined when nobody waits. @param heldUntil of one that may not go */
  nextMs(nowMs: number, heldUntil: (item: Item) => number | undefined): number | undefined {
    let next: number | undefined
    for (const entry of this.waiting) {
      const end = this.deadlineOf(entry) + 1
      const due = entry.due_ms > nowMs ? entry.due_ms : (heldUntil(entry.item) ?? end)
      const at = Math.min(end, Math.max(entry.due_ms, due))
      if (next === undefined || at < next) next = at
    }
    return next
  }

  get length(): number {
    return this.waiting.size
  }

  private deadlineOf({ since_ms }: Waiting<Item>): number {
    return since_ms + this.config.deadline
  }
}
