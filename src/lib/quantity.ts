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

/** A duration, as milliseconds; longer than any run, yet within what a timer can wait (2^31 - 1 ms). */
export const duration = () =>
  text(DURATION, 'a duration with its unit', ['250ms', '10s', '2m'])
    .refine(...atMost('500h', parseDurationMs))
    .transform((written) => parseDurationMs(written)!)

/** A rate, per second. */
export const rate = () =>
  text(RATE, 'a rate with its unit', ['50/s', '600/m'])
    .refine(...atMost('1000000/s', parseRatePerSecond))
    .transform((written) => parseRatePerSecond(written)!)

/** A size, as bytes; it must fit into memory. */
export const size = () =>
  text(SIZE, 'a size with its unit', ['17B', '64KB'])
    .refine(...atMost('1GB', parseSizeBytes))
    .transform((written) => parseSizeBytes(written)!)

/** A share, as a number from 0 to 1. */
export const share = () => text(SHARE, 'a share', ['5%', '100%']).transform((written) => parseShare(written)!)

/** Text of that form; a bare number is told the same as text of another form. */
function text(form: RegExp, what: string, examples: [string, string, ...string[]]) {
  const such = `${examples.slice(0, -1).join(', ')} or ${examples.at(-1)}`
  const error = `expected ${what}, such as ${such}`
  return z
    .string({ error })
    .regex(form, { error, abort: true })
    .meta({ description: `${what}, such as ${such}`, examples })
}

function atMost(limit: string, parse: (written: string) => number | undefined) {
  const fits = (written: string): boolean => parse(written)! <= parse(limit)!
  return [fits, `expected at most ${limit}`] as const
}
