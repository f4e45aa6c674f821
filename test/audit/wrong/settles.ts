/** Waits for a server for as long as that takes. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

/** What follows from it. */
export const also = ['retries-timeout']

export const send = createClient({ ...right, attemptTimeoutMs: 2_000_000_000 })
