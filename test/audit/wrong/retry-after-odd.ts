/** Takes for a number whatever it is: that of a word is NaN. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({
  ...right,
  retryAfterMs: (value) => right.retryAfterMs(value) ?? Number(value) * 1000,
})
