/** Retry-After as servers write it, and what a policy makes of it. */
import { test } from 'tap'
import { heedRetryAfter, parseRetryAfter, retryAfterSchema } from '../../src/core/client/retry_after.js'

/** Wed, 25 Nov 2026 20:30:00 GMT, and half a second. */
const NOW = Date.UTC(2026, 10, 25, 20, 30) + 500
const YEAR_MS = 365 * 86_400_000

const rows: [what: string, value: string, ms: number | undefined][] = [
  ['seconds', '120', 120_000],
  ['zero', '0', 0],
  ['zeros in front', '007', 7000],
  ['blanks around it', ' 3\t', 3000],
  ['an IMF-fixdate', 'Wed, 25 Nov 2026 20:30:10 GMT', 9500],
  ['the date of RFC 850', 'Wednesday, 25-Nov-26 20:30:10 GMT', 9500],
  ['the date of asctime()', 'Wed Nov 25 20:30:10 2026', 9500],
  ['a date that is past', 'Wed, 25 Nov 2026 20:29:00 GMT', 0],
  ['a date long past', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['a date in ten years', 'Sat, 22 Nov 2036 20:30:00 GMT', 10 * YEAR_MS - 500],
  ['seconds since 1970, a slip of servers: they are seconds from now', '1767225600', 1_767_225_600_000],
  ['ten years in seconds', '315360000', 10 * YEAR_MS],
  ['more digits than a number holds', '9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ['a negative number', '-1', undefined],
  ['a sign', '+5', undefined],
  ['a fraction', '1.5', undefined],
  ['an exponent', '1e3', undefined],
  ['another base', '0x10', undefined],
  ['a unit', '5s', undefined],
  ['a list', '5, 10', undefined],
  ['nothing', '', undefined],
  ['a word', 'soon', undefined],
  ['a date of another form', '2026-11-25T20:30:10Z', undefined],
  ['a date of another zone', 'Wed, 25 Nov 2026 20:30:10 CET', undefined],
]

test('Retry-After in milliseconds', async (t) => {
  for (const [what, value, ms] of rows) t.equal(parseRetryAfter(value, NOW), ms, `${what}: ${value.slice(0, 40)}`)
})

test('what the policy makes of it', async (t) => {
  const rule = (keys: object) => retryAfterSchema.parse(keys)
  const standard = rule({})
  t.strictSame(standard, { honour: true, cap: 60_000, beyond: 'give_up' })
  t.equal(heedRetryAfter(standard, 100, undefined), 100, 'none: the backoff')
  t.equal(heedRetryAfter(standard, 100, 0), 100, 'now: the backoff still')
  t.equal(heedRetryAfter(standard, 100, 3000), 3000, 'never before it')
  t.equal(heedRetryAfter(standard, 5000, 3000), 5000, 'nor before the backoff')
  t.equal(heedRetryAfter(standard, 100, 60_000), 60_000, 'as long as the cap')
  t.equal(heedRetryAfter(standard, 100, 60_001), 'give_up', 'beyond it')
  t.equal(heedRetryAfter(rule({ beyond: 'cut' }), 100, 90_000), 60_000, 'cut to the cap')
  t.equal(heedRetryAfter(rule({ beyond: 'cut', cap: '1s' }), 5000, 90_000), 5000, 'cut, and the backoff is longer')
  t.equal(heedRetryAfter(rule({ beyond: 'wait' }), 100, 10 * YEAR_MS), 10 * YEAR_MS, 'as long as it takes')
  t.equal(heedRetryAfter(rule({ honour: false }), 100, 90_000), 100, 'not honoured')
  t.equal(heedRetryAfter(rule({ honour: false }), 100, 10 * YEAR_MS), 100, 'not honoured, absurd')
})
