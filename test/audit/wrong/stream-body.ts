/** Sends what is left of a stream when it sends it again: nothing. */

import { Readable } from 'node:stream'
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  replayed: (payload) => (payload instanceof Readable ? '' : right.replayed(payload, undefined)),
})
