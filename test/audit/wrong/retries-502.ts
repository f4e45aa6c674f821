/** Takes a 502 for an answer like any other. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, worthIt: (failed) => failed.status !== 502 && right.worthIt(failed) })
