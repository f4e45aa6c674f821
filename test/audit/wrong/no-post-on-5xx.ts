/** Sends anything again after a status. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  repeatable: (failed) => failed.status !== undefined || right.repeatable(failed),
})
