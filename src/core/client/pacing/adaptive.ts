import { z } from 'zod'
import { duration } from '../../../lib/quantity.js'
import { aimdKeys, createAimd } from './aimd.js'
import { createGaps, pace } from './gaps.js'
import type { Pacer } from './pacing.js'

const schema = z
  .strictObject({
    type: z.literal('adaptive'),
    start: pace().prefault('10/s').meta({ description: 'The rate to start with' }),
    increase: pace().prefault('1/s').meta({ description: 'A second of successes adds this' }),
    min: pace().prefault('1/s').meta({ description: 'Never slower' }),
    max: pace().prefault('1000/s').meta({ description: 'Never faster' }),
    ...aimdKeys,
    retry_after: duration().prefault('30s').meta({
      description: 'A Retry-After stops all requests until then, at most so long; 0ms: it does not',
    }),
  })
  .refine(({ start, min, max }) => min <= start && start <= max, {
    error: 'expected min, start and max in ascending order',
    path: ['start'],
  })

export const adaptive = {
  summary: 'the rate grows with successes, and a failure cuts it (AIMD); a Retry-After is waited for',
  schema,
  create(config: z.output<typeof schema>): Pacer {
    const gaps = createGaps()
    const rate = createAimd(config)
    return {
      ask: gaps.ask,
      began: (nowMs) => gaps.began(nowMs, 1000 / rate.value()),
      heard(heard) {
        rate.heard(heard, true)
        if (heard.retry_after_ms !== undefined && !heard.ok) {
          gaps.notBefore(heard.now_ms + Math.min(heard.retry_after_ms, config.retry_after))
        }
      },
      ended() {},
    }
  },
} as const
