/**
 * Additive increase, multiplicative decrease (Chiu and Jain, 1989) of a rate or a limit: what the pacers that adapt
 * share. A success adds increase / value, so that as many successes as the value is add the increase.
 */
import { z } from 'zod'
import { duration, share } from '../../../lib/quantity.js'
import { bearing, isThrottling } from '../bearing.js'
import type { Heard } from './pacing.js'

/** The keys that both have, whatever it is that they adapt. */
export const aimdKeys = {
  decrease: share().prefault('50%').meta({ description: 'A signal takes so much of it away' }),
  once_in: duration().prefault('1s').meta({ description: 'Signals within this time are one' }),
  on: z
    .enum(['failures', 'throttling'])
    .default('failures')
    .meta({ description: 'What is a signal: any failure, or only 429, 503 and whatever comes with Retry-After' }),
}

export interface AimdConfig {
  start: number
  min: number
  max: number
  increase: number
  decrease: number
  once_in: number
  on: 'failures' | 'throttling'
}

export interface Aimd {
  value(): number
  /** @param mayGrow false: a success says nothing, since what there was has not been used */
  heard(heard: Heard, mayGrow: boolean): void
}

export function createAimd({ start, min, max, increase, decrease, once_in, on }: AimdConfig): Aimd {
  let value = start
  let lastCutMs = Number.NEGATIVE_INFINITY
  return {
    value: () => value,
    heard(heard, mayGrow) {
      const bears = bearing(heard)
      if (bears === 'none') return
      if (bears !== 'failure') {
        if (mayGrow) value = Math.min(max, value + increase / value)
        return
      }
      if (on === 'throttling' && !isThrottling(heard.outcome)) return
      if (heard.now_ms - lastCutMs < once_in) return
      lastCutMs = heard.now_ms
      value = Math.max(min, value * (1 - decrease))
    },
  }
}
