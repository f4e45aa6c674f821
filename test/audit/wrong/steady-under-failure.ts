/** Remembers each failure. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

const failures: unknown[] = []

export const send = createClient({
  ...right,
  onFailed: (failed) => void failures.push(Array(16_384).fill(failed.attempt)),
})
