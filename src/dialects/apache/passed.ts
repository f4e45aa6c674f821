/**
 * The head of an upstream's response as Apache 2.4.71 passes it on: Date and Server first, the server's own where it
 * has them, then the rest as it came, and what is about the connection last (http_filters.c). reader.ts has taken out
 * what is about one hop. index.ts calls it.
 */
import type { Asked, PassedHead, UpstreamHead } from '../dialect.js'
import { isFieldContent } from './fault.js'
import { endToEnd, firstOf } from './fields.js'
import { connectionFields, isLast, ownFields, REASONS } from './page.js'

export function passedHead({ status, line, fields: came }: UpstreamHead, to: Asked): PassedHead {
  const fields = endToEnd(came)
  if (status === 101) return switched(line, fields, firstOf(came, 'upgrade') ?? '')
  const bodiless = status === 204 || status === 304
  const of = (wanted: string): string | undefined => firstOf(fields, wanted)
  const hasLength = of('content-length') !== undefined
  const last = isLast(status, to) || (!hasLength && !to.chunks && !bodiless && to.method !== 'HEAD')
  const chunked = !hasLength && !bodiless && to.method !== 'HEAD' && to.chunks
  const kept = fields.filter((_, index) => {
    const name = fields[index - (index % 2)]!.toLowerCase()
    return name !== 'date' && name !== 'server' && !(bodiless && name === 'content-length')
  })
  const all = [
    ...ownFields(of('date') ?? to.date, of('server')),
    ...kept,
    ...connectionFields(last, to),
    ...(chunked ? ['Transfer-Encoding', 'chunked'] : []),
  ]
  return { text: headOf(statusLine(status, line), all), chunked, last }
}

/** As any response that is not final, it has nothing of Apache's own. */
const switched = (line: string, fields: readonly string[], protocol: string): PassedHead => {
  const all = [...fields, 'Connection', 'Upgrade', 'Upgrade', protocol]
  return { text: headOf(statusLine(101, line), all), chunked: false, last: true }
}

const headOf = (line: string, fields: readonly string[]): string =>
  `HTTP/1.1 ${line}\r\n${fields.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`)).join('')}\r\n`

/** What stands behind the status, unless it is none that Apache would send: then its own words. */
function statusLine(status: number, line: string): string {
  const code = String(status).padStart(3, '0')
  const plain = line.startsWith(code) && (line.length === 3 || line[3] === ' ') && isFieldContent(line)
  if (!plain) return `${code} ${REASONS[status] ?? 'Error'}`
  return line.length === 3 ? `${line} ` : line
}
