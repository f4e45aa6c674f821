/** Gives up once it has waited in vain. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  worthIt: (failed) => failed.error?.code !== 'ETIMEDOUT' && right.worthIt(failed),
})
