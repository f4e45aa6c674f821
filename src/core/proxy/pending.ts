/**
 * Requests that wait until a server may be sent one more: in order, at most so many, each for a while. The engines
 * keep one per proxy and ask it whenever a request is over; it knows nothing of servers.
 */
import { z } from 'zod'
import { duration } from '../../lib/quantity.js'

export const queueSchema = z.strictObject({
  size: z.int().min(1).max(100_000).meta({ description: 'Requests that may wait' }),
  timeout: duration().prefault('60s').meta({ description: 'How long each may' }),
})

export type QueueConfig = z.output<typeof queueSchema>

export interface Pending<Item> {
  /** False: it is full, and the item is not in it. */
  enter(item: Item): boolean
  /** It gave up, wherever it stood. */
  leave(item: Item): void
  /** Something may have become free: who waits is asked in order. An item is in the queue until `serve` has taken it. */
  advance(serve: (item: Item) => Served): void
  readonly length: number
}

/** `passed`: nothing is free for this one, but may be for who stands behind it; `nobody`: nothing is free at all. */
export type Served = 'taken' | 'passed' | 'nobody'

export function createPending<Item>(size: number): Pending<Item> {
  const waiting = new Set<Item>()
  return {
    enter(item) {
      if (waiting.size >= size) return false
      waiting.add(item)
      return true
    },
    leave: (item) => void waiting.delete(item),
    advance(serve) {
      for (const item of waiting) {
        const served = serve(item)
        if (served === 'nobody') return
        if (served === 'taken') waiting.delete(item)
      }
    },
    get length() {
      return waiting.size
    },
  }
}
