/** Waits twice as long each time, without jitter. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, backoffMs: (attempt) => 500 * 2 ** (attempt - 1) })
