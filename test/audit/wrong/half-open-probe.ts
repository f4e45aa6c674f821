/** A breaker that lets all calls find out at once. With one that lets one do so the right client is no less right. */
import { createClient } from '../controls/client.js'
import { breaker, right } from '../controls/right.js'

export const send = createClient({ ...right, ...breaker(Number.POSITIVE_INFINITY) })
