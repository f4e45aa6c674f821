/** Waits as long as it is told: a timer of weeks rings at once. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, waitMs: (backoffMs, askedMs = 0) => Math.max(backoffMs, askedMs) })
