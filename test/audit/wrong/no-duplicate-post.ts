/** Sends anything again when the connection broke. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  repeatable: (failed) => failed.error !== undefined || right.repeatable(failed),
})
