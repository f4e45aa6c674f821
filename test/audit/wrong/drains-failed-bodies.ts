/** Lets a response that it does not like stand where it is. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

/** What follows from it. */
export const also = ['keeps-connections']

export const send = createClient({ ...right, drain: () => undefined })
