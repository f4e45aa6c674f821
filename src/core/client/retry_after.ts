/**
 * Retry-After: what a server wrote, as milliseconds, and what a policy makes of it. `call` asks; the time of day is an
 * argument.
 */
import { z } from 'zod'
import { parseHttpDate } from '../../lib/http_date.js'
import { duration } from '../../lib/quantity.js'

/**
 * Honoured by default: RFC 9110 section 10.2.3 says how long the client "ought to wait". The cap is as long as a client
 * waits for an answer (`timeout`), and beyond it the default gives up, as got does: to ask earlier than told (`cut`, as
 * undici does) is what the server asked not to do, and to wait for an hour is what no caller expects.
 */
export const retryAfterSchema = z
  .strictObject({
    honour: z.boolean().default(true).meta({ description: 'No attempt before the time that the server named' }),
    cap: duration().prefault('60s').meta({ description: 'Longer than this is beyond what the client puts up with' }),
    beyond: z
      .enum(['give_up', 'cut', 'wait'])
      .default('give_up')
      .meta({ description: 'Then: give_up at once, wait as long as the cap (cut), or wait as long as it takes' }),
  })
  .meta({ id: 'retry_after' })

export type RetryAfterRule = z.output<typeof retryAfterSchema>

/**
 * Milliseconds from now, never negative: a date that is past means now. Undefined for what is neither of the two forms of
 * RFC 9110 section 10.2.3 (a negative number, a fraction, anything else): such a header is as good as none.
 * @param unixNowMs the time of day, which a date is held against
 */
export function parseRetryAfter(value: string, unixNowMs: number): number | undefined {
  const text = value.replace(/^[ \t]+|[ \t]+$/g, '')
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER)
  const date = parseHttpDate(text, unixNowMs)
  return date === undefined ? undefined : Math.max(0, date - unixNowMs)
}

/**
 * How long to wait where the policy itself says `backoffMs`: never less than the server asked for, unless the rule cuts
 * that short.
 * @param askedMs what `parseRetryAfter` made of the header; undefined where there was none
 */
export function heedRetryAfter(
  rule: RetryAfterRule,
  backoffMs: number,
  askedMs: number | undefined,
): number | 'give_up' {
  if (!rule.honour || askedMs === undefined) return backoffMs
  if (askedMs > rule.cap && rule.beyond === 'give_up') return 'give_up'
  return Math.max(backoffMs, rule.beyond === 'cut' ? Math.min(askedMs, rule.cap) : askedMs)
}
