/** Dates of HTTP in their three forms, against the platform's own reading of them. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { parseHttpDate } from '../../src/lib/http_date.js'

const NOW = Date.UTC(2026, 10, 25, 20, 30)
const EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37)

/** Of RFC 9110 section 5.6.7 where they are examples there. */
const rows: [text: string, at: number | undefined][] = [
  ['Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
  ['Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE],
  ['Sun Nov  6 08:49:37 1994', EXAMPLE],
  ['Wed Nov 16 08:49:37 1994', Date.UTC(1994, 10, 16, 8, 49, 37)],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['Thu, 29 Feb 2024 23:59:60 GMT', Date.UTC(2024, 2, 1)],
  ['Sat, 01 Jan 0000 00:00:00 GMT', new Date('0000-01-01T00:00:00Z').getTime()],
  ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59)],
  // The day of the week is not checked, as in most readers.
  ['Mon, 06 Nov 1994 08:49:37 GMT', EXAMPLE],
  // Two digits: this century, unless that is more than 50 years ahead.
  ['Friday, 20-Nov-76 00:00:00 GMT', Date.UTC(2076, 10, 20)],
  ['Monday, 29-Nov-76 00:00:00 GMT', Date.UTC(1976, 10, 29)],
  ['Friday, 25-Nov-77 00:00:00 GMT', Date.UTC(1977, 10, 25)],
  ['Wednesday, 25-Nov-26 00:00:00 GMT', Date.UTC(2026, 10, 25)],
  ['Tuesday, 29-Feb-00 00:00:00 GMT', Date.UTC(2000, 1, 29)],
  ['Thu, 29 Feb 2026 00:00:00 GMT', undefined],
  ['Tue, 29 Feb 1900 00:00:00 GMT', undefined],
  ['Tue, 31 Apr 2026 00:00:00 GMT', undefined],
  ['Tue, 00 Apr 2026 00:00:00 GMT', undefined],
  ['Sun, 06 Nov 1994 24:00:00 GMT', undefined],
  ['Sun, 06 Nov 1994 08:60:00 GMT', undefined],
  ['Sun, 06 Nov 1994 08:49:61 GMT', undefined],
  ['Sun, 06 Nov 1994 08:49:37 UTC', undefined],
  ['Sun, 06 Nov 1994 08:49:37 +0000', undefined],
  ['Sun, 6 Nov 1994 08:49:37 GMT', undefined],
  ['sun, 06 nov 1994 08:49:37 gmt', undefined],
  ['Sun, 06 Nov 1994 08:49:37 GMT ', undefined],
  ['Sun, 06-Nov-94 08:49:37 GMT', undefined],
  ['1994-11-06T08:49:37Z', undefined],
  ['tomorrow', undefined],
  ['', undefined],
]

test('dates of HTTP', async (t) => {
  for (const [text, at] of rows) t.equal(parseHttpDate(text, NOW), at, text)
})

test('every second of ten thousand years reads as the platform writes it', async () => {
  const first = new Date('0000-01-01T00:00:00Z').getTime() / 1000
  const last = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000
  fc.assert(
    fc.property(fc.integer({ min: first, max: last }), (seconds) => {
      assert.equal(parseHttpDate(new Date(seconds * 1000).toUTCString(), NOW), seconds * 1000)
    }),
    { numRuns: 2000 },
  )
})

test('a year of two digits is never more than 50 years ahead, and never 100 years back', async () => {
  const span = { min: Date.UTC(1971, 0, 1), max: Date.UTC(2399, 11, 31) }
  fc.assert(
    fc.property(fc.integer(span), fc.integer({ min: 0, max: 99 }), (now, year) => {
      const digits = String(year).padStart(2, '0')
      const at = parseHttpDate(`Monday, 15-Jun-${digits} 12:00:00 GMT`, now)!
      const [then, today] = [new Date(at).getUTCFullYear(), new Date(now).getUTCFullYear()]
      assert.equal(then % 100, year)
      assert.ok(then - today <= 50 && then - today > -100, `${then} from ${today}`)
    }),
  )
})
