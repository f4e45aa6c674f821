/**
 * The quantities of units.ts as schemas: text in, number out. Every table of kinds builds its own schema with these,
 * so that the published JSON Schema and the messages say the same.
 */
import { z } from 'zod'
import {
  DURATION,
  parseDurationMs,
  parseRatePerSecond,
  parseShare,
  parseSizeBytes,
  RATE,
  SHARE,
  SIZE,
} from './units.js'

/** A duration, as milliseconds. */
export const duration = () =>
  text(DURATION, 'expected a duration with its unit, such as 250ms, 10s or 2m')
    .transform((written) => parseDurationMs(written)!)
    .meta({ description: 'A duration with its unit: 250ms, 10s, 2m', examples: ['250ms', '10s'] })

/** A rate, per second. */
export const rate = () =>
  text(RATE, 'expected a rate with its unit, such as 50/s')
    .transform((written) => parseRatePerSecond(written)!)
    .meta({ description: 'A rate: 50/s, 600/m', examples: ['50/s'] })

/** A size, as bytes. */
export const size = () =>
  text(SIZE, 'expected a size with its unit, such as 17B or 64KB')
    .transform((written) => parseSizeBytes(written)!)
    .meta({ description: 'A size with its unit: 17B, 64KB', examples: ['17B', '64KB'] })

/** A share, as a number from 0 to 1. */
export const share = () =>
  text(SHARE, 'expected a share, such as 5%')
    .refine((written) => parseShare(written) !== undefined, 'expected a share of at most 100%')
    .transform((written) => parseShare(written)!)
    .meta({ description: 'A share: 5%', examples: ['5%'] })

/** Text of that form; a bare number is told the same as text of another form. */
const text = (form: RegExp, error: string) => z.string({ error }).regex(form, { error, abort: true })
