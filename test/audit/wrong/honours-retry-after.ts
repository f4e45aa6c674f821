/** Knows its own backoff only. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

/** What follows from it. */
export const also = ['retry-after-on-502-504', 'retry-after-date', 'long-retry-after']

export const send = createClient({ ...right, waitMs: (backoffMs) => backoffMs })
