/** Sends half of the body when it sends it again. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  replayed: (payload) =>
    typeof payload === 'string' ? payload.slice(0, payload.length / 2) : right.replayed(payload, undefined),
})
