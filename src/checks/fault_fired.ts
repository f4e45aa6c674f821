/**
 * `{ fault: rst, fired: ">= 1" }`. Too few is a fail; none at all is inconclusive, since a fault that never fired
 * shows nothing about what it would have done.
 */
import { z } from 'zod'
import { firedCount } from '../journal/reduce.js'
import { compared, comparison, holdsWithin, inconclusive } from './comparison.js'
import { checkKind } from './kind.js'

export const fault_fired = checkKind({
  summary: 'how often a fault took effect; inconclusive when it was to fire and never did',
  schema: z.strictObject({
    fault: z.string().meta({ description: 'The id of a fault' }),
    fired: comparison('count'),
  }),
  unknown: ({ fault }, { name, untold }) =>
    untold.includes(fault) ? { why: `${name} dials that address, and nobody sees what it meets there` } : undefined,
  evaluate({ fault, fired: wanted }, facts) {
    const name = `fault ${fault} fired`
    const fired = firedCount(facts, fault)
    if (fired === null && !holdsWithin(wanted, 0, Number.POSITIVE_INFINITY)) {
      return inconclusive(name, wanted, 'nobody could tell')
    }
    const result = compared(name, wanted, fired ?? 0)
    return fired === 0 && result.verdict === 'fail' ? inconclusive(name, wanted, '0') : result
  },
})
