/** All calls share five further attempts, until one goes well. */
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

function budget() {
  let left = 5
  return {
    take: () => left-- > 0,
    give: () => {
      left = 5
    },
  }
}

export const send = createClient({ ...right, budget })
