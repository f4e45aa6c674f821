/** What all kinds of health checks share: how often, how many in a row it takes, and what a check has come to. */
import { z } from 'zod'
import { duration, share } from '../../../lib/quantity.js'

const some = () => duration().refine((ms) => ms >= 1, 'expected at least 1ms')

/** HAProxy's defaults and, but for the longer names, its words: inter, fastinter, downinter, rise, fall, spread-checks. */
export const healthCheckKeys = {
  interval: some().prefault('2s').meta({ description: 'From the end of a check to the next one' }),
  fast_interval: some()
    .optional()
    .meta({ description: 'The same while its state is about to change; the interval if absent' }),
  down_interval: some()
    .optional()
    .meta({ description: 'The same while it is down and no check has passed; the interval if absent' }),
  timeout: some()
    .optional()
    .meta({ description: 'For a whole check, and it may be longer than the interval; the interval if absent' }),
  rise: z.int().min(1).max(1000).default(2).meta({ description: 'So many passed in a row: it is up' }),
  fall: z.int().min(1).max(1000).default(3).meta({ description: 'So many failed in a row: it is down' }),
  jitter: share()
    .refine((part) => part <= 0.5, 'expected at most 50%')
    .prefault('0%')
    .meta({ description: 'An interval is longer or shorter by up to this share of it' }),
  initial: z.enum(['up', 'barely_up', 'down']).default('up').meta({
    description: 'What it is until checks say otherwise; barely_up: and one that fails is enough, as in HAProxy',
  }),
}

/** The User-Agent of checks: servers on the rig tell them apart by it from the work. */
export const checkAgent = 'badgateway-health-check'

/** `drain`: the server is well, and asks for no new requests. */
export const checkResults = ['passed', 'failed', 'drain'] as const

export interface CheckVerdict {
  result: (typeof checkResults)[number]
  /** Why it did not pass. */
  why?: string
}

/** What a check brought back where nothing failed; of TCP and TLS there is nothing to say. */
export interface CheckAnswer {
  status?: number
  /** As far as it was read, a byte a character. */
  body?: string
}
