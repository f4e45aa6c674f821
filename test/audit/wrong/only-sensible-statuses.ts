/** Tries again after a conflict, which stays one. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, worthIt: (failed) => failed.status === 409 || right.worthIt(failed) })
