/** Goes on for ever, on no budget. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

/** What follows from it. */
export const also = ['stacked-attempts', 'amplification']

export const send = createClient({
  ...right,
  attempts: Number.POSITIVE_INFINITY,
  budget: () => ({ take: () => true, give: () => {} }),
})
