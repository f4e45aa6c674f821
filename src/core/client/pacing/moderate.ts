import { z } from 'zod'
import { share } from '../../../lib/quantity.js'
import { createGaps, pace } from './gaps.js'
import type { Pacer } from './pacing.js'

const schema = z.strictObject({
  type: z.literal('moderate'),
  rate: pace().meta({ description: 'So many requests begin per second, on average' }),
  spread: share().prefault('50%').meta({ description: 'A gap is up to so much shorter or longer, as it is drawn' }),
})

export const moderate = {
  summary: 'requests begin at distances drawn around those of a rate, so that clients do not march in step',
  schema,
  create({ rate, spread }: z.output<typeof schema>): Pacer {
    const { ask, began } = createGaps()
    return {
      ask,
      began: (nowMs, draw) => began(nowMs, (1000 / rate) * (1 + spread * (2 * draw - 1))),
      heard() {},
      ended() {},
    }
  },
} as const
