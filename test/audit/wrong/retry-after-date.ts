/** Reads seconds only. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  retryAfterMs: (value) => (/^\d+$/.test(value) ? right.retryAfterMs(value) : undefined),
})
