import { z } from 'zod'
import { createGaps, pace } from './gaps.js'
import type { Pacer } from './pacing.js'

const schema = z.strictObject({
  type: z.literal('constant'),
  rate: pace().meta({ description: 'No more than so many requests begin per second' }),
})

export const constant = {
  summary: 'requests begin at equal distances, at most so many per second',
  schema,
  create({ rate }: z.output<typeof schema>): Pacer {
    const { ask, began } = createGaps()
    return { ask, began: (nowMs) => began(nowMs, 1000 / rate), heard() {}, ended() {} }
  },
} as const
