/** A tally that can be copied, as a part of a group's state. */
import { createTally, type Tally } from '../tally.js'

export interface Counter extends Pick<Tally, 'add' | 'record'> {
  copy(): Counter
}

export const counter = (tally: Tally = createTally()): Counter => ({
  add: tally.add,
  record: tally.record,
  copy: () => counter(tally.copy()),
})
