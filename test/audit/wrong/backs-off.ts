/** Waits as long before the third further attempt as before the first. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, backoffMs: () => 400 + 200 * Math.random() })
