/** Reads Retry-After on a 503 and a 429 only. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

const onFailed: typeof right.onFailed = (failed) => {
  if (failed.status !== 503 && failed.status !== 429) delete failed.retryAfter
}

export const send = createClient({ ...right, onFailed })
