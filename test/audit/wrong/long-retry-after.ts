/** Comes back after half a minute at the latest, whatever it was told. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  waitMs: (backoffMs, askedMs = 0) => Math.min(30_000, Math.max(backoffMs, askedMs)),
})
