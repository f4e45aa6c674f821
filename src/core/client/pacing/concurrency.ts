import { z } from 'zod'
import { aimdKeys, createAimd } from './aimd.js'
import type { Pacer } from './pacing.js'

const many = () => z.int().min(1).max(1_000_000)

const schema = z
  .strictObject({
    type: z.literal('concurrency'),
    limit: many().default(10).meta({ description: 'So many requests under way at once' }),
    adapt: z
      .strictObject({
        min: many().default(1).meta({ description: 'Never fewer' }),
        max: many().default(1000).meta({ description: 'Never more' }),
        increase: many().default(1).meta({ description: 'As many successes as the limit is add this' }),
        ...aimdKeys,
      })
      .optional()
      .meta({ description: 'Let the limit grow with successes, and a failure cut it (AIMD)' }),
  })
  .refine(({ limit, adapt }) => adapt === undefined || (adapt.min <= limit && limit <= adapt.max), {
    error: 'expected a limit between min and max of adapt',
    path: ['limit'],
  })

export const concurrency = {
  summary: 'so many requests under way at once, a fixed number or one that adapts',
  schema,
  /** It grows only while at least half of it is used, as Netflix' AIMDLimit (concurrency-limits, 2018). */
  create({ limit: start, adapt }: z.output<typeof schema>): Pacer {
    const limit = adapt && createAimd({ ...adapt, start })
    let underWay = 0
    return {
      ask: () => ({ go: underWay < Math.floor(limit?.value() ?? start) }),
      began() {
        underWay++
      },
      heard: (heard) => limit?.heard(heard, underWay * 2 >= limit.value()),
      ended() {
        underWay--
      },
    }
  },
} as const
