/** Gives up when the connection was reset. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  worthIt: (failed) => failed.error?.code !== 'ECONNRESET' && right.worthIt(failed),
})
