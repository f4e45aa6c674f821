/**
 * What requests do at an origin, by the key that names the operation: how often each was applied. A client that tries
 * again sends the same key; an origin that honours keys applies it once. Both engines call it.
 */
import { z } from 'zod'
import { token } from '../../lib/http_text.js'

export const operationsSchema = z.strictObject({
  key: token().default('Idempotency-Key').meta({ description: 'The request header that names the operation' }),
  once: z.boolean().default(false).meta({ description: 'A key that was applied is answered, and not applied again' }),
})

export type OperationsConfig = z.output<typeof operationsSchema>

export interface Operations {
  /** The request with that key was read and is worked on: the n-th application of its key, or 0 where it is none. */
  apply(key: string): number
}

/** More keys than any run has requests in a test: a leak would say so. */
export const KEY_LIMIT = 1_000_000

/** @param onFull called where there are more keys than anybody can want to keep */
export function createOperations({ once }: Pick<OperationsConfig, 'once'>, onFull: () => void): Operations {
  const applied = new Map<string, number>()
  return {
    apply(key) {
      const before = applied.get(key) ?? 0
      if (before > 0 && once) return 0
      if (before === 0 && applied.size >= KEY_LIMIT) onFull()
      else applied.set(key, before + 1)
      return before + 1
    },
  }
}
