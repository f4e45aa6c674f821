/** Sleeps through an abort. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, wait: (ms) => right.wait(ms, undefined) })
