/** Waits as long before the third further attempt as before the first. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, backoffMs: () => 450 + 100 * Math.random() })
