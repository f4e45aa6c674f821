/** Takes an abort for a failure like any other, and sends the request again. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

/** What follows from it. */
export const also = ['abort-during-wait']

export const send = createClient({
  ...right,
  againAfterAbort: true,
  worthIt: (failed) => failed.error?.name === 'AbortError' || right.worthIt(failed),
})
