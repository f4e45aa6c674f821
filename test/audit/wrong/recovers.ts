/** Never again asks a server that once refused it. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

let gone = false

export const send = createClient({
  ...right,
  onFailed({ error }) {
    gone ||= error?.code === 'ECONNREFUSED'
  },
  async guard(call) {
    if (gone) throw new Error('that server is gone')
    return call()
  },
})
