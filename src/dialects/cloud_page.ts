/** A page in our own words, for products whose own ones are theirs, and what dialects of clouds have in common. They call it. */
import type { Failure } from '../core/failure.js'
import { reasonOf } from './rfc9209.js'

/** Plain, and no product's. */
export const page = (status: number, says: string): string => `<!doctype html>
<html lang="en">
<head><title>${[status, reasonOf(status)].join(' ').trim()}</title></head>
<body>
<p>${says}</p>
</body>
</html>
`

/** What an HTML page says of itself, as fields in turn. */
export const pageFields = (type: string, body: string): string[] => [
  'Content-Type',
  type,
  'Content-Length',
  String(body.length),
]

/** Of the request before any server was asked: refused, beyond a rate, without a server. */
export const beforeServers = ({ stage }: Failure): boolean => stage === 'select'

/** RFC 3339, from a date as HTTP writes it. */
export function timestamp(date: string): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date)!
  const number = String(MONTHS.indexOf(month!) + 1).padStart(2, '0')
  return `${year}-${number}-${day}T${time}.000000Z`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
