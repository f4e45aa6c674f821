/** A line of Apache's access log: `combined` as httpd's documentation has it. index.ts calls it. */
import type { AccessEntry } from '../dialect.js'

export function accessLine({ client, request, referer, userAgent, status, bodyBytes, date }: AccessEntry): string {
  const told = `${status ?? '-'} ${bodyBytes > 0 ? bodyBytes : '-'}`
  return `${client} - - [${localTime(date)}] ${quoted(request)} ${told} ${quoted(referer ?? '-')} ${quoted(userAgent ?? '-')}`
}

/** %t, of a server that lives in UTC. */
function localTime(date: string): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date)!
  return `${day}/${month}/${year}:${time} +0000`
}

const quoted = (text: string): string =>
  `"${text.replace(/["\\]/g, '\\$&').replace(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
