/**
 * The three forms of a date in HTTP, as Unix time. Pure: npm's parsers read the clock for the two digits of an RFC 850
 * year, here that time is an argument. Retry-After is read with it.
 */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MONTH = `(?<month>${MONTHS.join('|')})`
const DAY_NAME = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const LONG_DAY_NAME = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)'
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)'

/** RFC 9110 section 5.6.7: IMF-fixdate, and the obsolete forms of RFC 850 and of asctime(). All are case-sensitive. */
const FORMS = [
  new RegExp(`^${DAY_NAME}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^${LONG_DAY_NAME}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^${DAY_NAME} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
]

/**
 * Milliseconds since 1970, or undefined for what is no date. Whether the day of the week is the right one is not asked.
 * @param unixNowMs tells the century of a year of two digits
 */
export function parseHttpDate(text: string, unixNowMs: number): number | undefined {
  const parts = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined)
  if (!parts) return undefined
  const [day, hour, minute, second] = [parts.day, parts.hour, parts.minute, parts.second].map(Number) as Four
  const month = MONTHS.indexOf(parts.month!) + 1
  // 60 is a leap second.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const at = (year: number): number | undefined =>
    day < 1 || day > daysOfMonth(year, month)
      ? undefined
      : ((daysFromCivil(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000
  return parts.year!.length === 4 ? at(Number(parts.year)) : nearYear(Number(parts.year), unixNowMs, at)
}

type Four = [number, number, number, number]

/** "More than 50 years in the future" means the century before (RFC 9110 section 5.6.7). */
function nearYear(digits: number, unixNowMs: number, at: (year: number) => number | undefined): number | undefined {
  const now = yearOf(unixNowMs)
  const year = now - (now % 100) + digits
  const then = at(year)
  return then !== undefined && then > unixNowMs + 50 * MEAN_YEAR_DAYS * DAY_MS ? at(year - 100) : then
}

const DAY_MS = 86_400_000
const MEAN_YEAR_DAYS = 365.2425

/** Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant, chrono-compatible low-level date algorithms, 2013). */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function daysOfMonth(year: number, month: number): number {
  const [nextYear, nextMonth] = month === 12 ? [year + 1, 1] : [year, month + 1]
  return daysFromCivil(nextYear, nextMonth, 1) - daysFromCivil(year, month, 1)
}

function yearOf(unixMs: number): number {
  const days = Math.floor(unixMs / DAY_MS)
  const guess = 1970 + Math.floor(days / MEAN_YEAR_DAYS)
  return [guess + 1, guess, guess - 1].find((year) => daysFromCivil(year, 1, 1) <= days)!
}
