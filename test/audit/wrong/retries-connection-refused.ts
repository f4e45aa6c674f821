/** Gives up when nobody listens. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  worthIt: (failed) => failed.error?.code !== 'ECONNREFUSED' && right.worthIt(failed),
})
