/** Requests that wait until a server may be sent one more: in order, at most so many, each for a while. */
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
  /**
   * Something has become free: who waits is served in order, until one finds that there is nothing for it. An item is
   * in the queue until `serve` says true.
   */
  advance(serve: (item: Item) => boolean): void
  readonly length: number
}

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
        if (!serve(item)) return
        waiting.delete(item)
      }
    },
    get length() {
      return waiting.size
    },
  }
}
