/** Closes the connection behind each further attempt. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, closes: (attempt) => attempt > 1 })
