/** Has no budget for retries. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

export const send = createClient({ ...right, budget: () => ({ take: () => true, give: () => {} }) })
