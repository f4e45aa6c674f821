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
  z
    .string()
    .regex(DURATION, 'expected a duration with its unit, such as 250ms, 10s or 2m')
    .transform((text) => parseDurationMs(text)!)
    .meta({ description: 'A duration with its unit: 250ms, 10s, 2m', examples: ['250ms', '10s'] })

/** A rate, per second. */
export const rate = () =>
  z
    .string()
    .regex(RATE, 'expected a rate with its unit, such as 50/s')
    .transform((text) => parseRatePerSecond(text)!)
    .meta({ description: 'A rate: 50/s, 600/m', examples: ['50/s'] })

/** A size, as bytes. */
export const size = () =>
  z
    .string()
    .regex(SIZE, 'expected a size with its unit, such as 17B or 64KB')
    .transform((text) => parseSizeBytes(text)!)
    .meta({ description: 'A size with its unit: 17B, 64KB', examples: ['17B', '64KB'] })

/** A share, as a number from 0 to 1. */
export const share = () =>
  z
    .string()
    .regex(SHARE, 'expected a share, such as 5%')
    .refine((text) => parseShare(text) !== undefined, 'expected a share of at most 100%')
    .transform((text) => parseShare(text)!)
    .meta({ description: 'A share: 5%', examples: ['5%'] })
