/** All calls share five further attempts, for as long as it lives. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

function budget() {
  let left = 5
  return {
    take: () => left-- > 0,
    give: () => {},
  }
}

export const send = createClient({ ...right, budget })
