/**
 * A line of nginx's access log: `combined`, and behind it $upstream_addr, $upstream_status and $upstream_response_time,
 * all as nginx 1.22.1 was seen to write them. index.ts calls it.
 */
import type { AccessEntry, AccessTry } from '../dialect.js'
import { HTTP_09 } from './reader.js'
import { statusOf } from './status.js'

/** What the log says of a client that left before anything was sent. */
const CLIENT_CLOSED_REQUEST = 499

export function accessLine(entry: AccessEntry): string {
  const { client, request, referer, userAgent, tries, date } = entry
  const status = entry.status ?? (entry.clientLeft ? CLIENT_CLOSED_REQUEST : 0)
  const told = `${String(status).padStart(3, '0')} ${entry.bodyBytes}`
  const who = `${escaped(referer ?? '-', '"')} ${escaped(userAgent ?? '-', '"')}`
  const upstream = [tries.map(({ address }) => address), tries.map(statusOfTry), tries.map(seconds)]
  const listed = upstream.map((values) => (values.length === 0 ? '-' : values.join(', ')))
  return `${client} - - [${localTime(date)}] ${escaped(request, '"')} ${told} ${who} ${listed.join(' ')}`
}

/** What was said upstream, not what was passed on: HTTP/0.9 counts as 200. */
function statusOfTry({ status, failure }: AccessTry): string {
  if (status === HTTP_09) return '200'
  if (status !== undefined && status > 0) return String(status)
  return failure && status === undefined ? String(statusOf(failure)) : '-'
}

const seconds = ({ ms }: AccessTry): string => (Math.floor(ms) / 1000).toFixed(3)

/** $time_local, of a server that lives in UTC. */
function localTime(date: string): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date)!
  return `${day}/${month}/${year}:${time} +0000`
}

/** `log_format` escapes what could end the text, and what is not printable. */
function escaped(text: string, quote: string): string {
  const safe = text.replace(/["\\]|[^ -~]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
  return `${quote}${safe}${quote}`
}
