/** Makes six attempts. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, attempts: 6 })
