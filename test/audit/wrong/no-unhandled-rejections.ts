/** Notes each failure on a promise that nobody looks at. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

const onFailed: typeof right.onFailed = ({ status, error }) => {
  void Promise.reject(error ?? new Error(`status ${status}`))
}

export const send = createClient({ ...right, onFailed })
