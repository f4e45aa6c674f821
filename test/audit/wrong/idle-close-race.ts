/** Gives up when a kept connection was closed under its request. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  worthIt: (failed) => failed.error?.code !== 'UND_ERR_SOCKET' && right.worthIt(failed),
})
