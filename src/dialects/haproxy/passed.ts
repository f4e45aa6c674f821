/**
 * The head of a server's response as HAProxy 2.6.12 passes it on: as it came, in lower case, with what the client has to know
 * of the connection at its end (h1_make_headers in mux_h1.c). index.ts calls it.
 */
import type { Asked, PassedHead, UpstreamHead } from '../dialect.js'
import { connectionField } from './head.js'
import { countedHead } from './page.js'

export function passedHead({ status, line, fields }: UpstreamHead, to: Asked): PassedHead {
  const whole = line.startsWith('HTTP/') ? line : `HTTP/1.1 ${line}`
  const old = whole.startsWith('HTTP/1.0')
  const lower = lowered(fields)
  const value = (name: string): string | undefined =>
    lower[lower.findIndex((part, at) => at % 2 === 0 && part === name) + 1]
  const has = (name: string): boolean => lower.some((part, at) => at % 2 === 0 && part === name)
  const framed = status >= 200 && status !== 204
  const bodiless = to.method === 'HEAD' || status === 204 || status === 304 || status === 101
  const coded = has('transfer-encoding') && /^chunked$/i.test(value('transfer-encoding')!) && !bodiless
  const chunked = coded && framed
  const endless = !bodiless && !coded && !has('content-length')
  const last = !to.keepAlive || endless || (coded && old)
  const told = framed ? lower : without(lower, ['content-length', 'transfer-encoding'])
  const shown = [...told, ...(status < 200 && (endless || status === 101) ? [] : connectionOf(old, last, to))]
  const lines = shown.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`))
  // Of what is below 200 no body is framed; the block for its end is there all the same.
  const counted = countedHead(whole, lower) + (coded && !chunked ? 1 : 0)
  return { text: `${whole}\r\n${lines.join('')}\r\n`, chunked, last, counted, chunkSize }
}

/** What the reader has not seen, of a response that leaves HTTP, may still speak of the connection. */
const lowered = (fields: readonly string[]): string[] =>
  fields.flatMap((part, index) => {
    if (index % 2 === 1) return []
    const name = part.toLowerCase()
    return name === 'connection' ? connectionField(fields[index + 1]!) : [name, fields[index + 1]!]
  })

/** What the version of the response, or of the request, does not say by itself. */
function connectionOf(old: boolean, last: boolean, { chunks }: Asked): string[] {
  if (last) return old ? [] : ['connection', 'close']
  return old || !chunks ? ['connection', 'keep-alive'] : []
}

const without = (fields: readonly string[], names: readonly string[]): string[] =>
  fields.filter((_, index) => !names.includes(fields[index - (index % 2)]!))

const chunkSize = (bytes: number): string => bytes.toString(16).toUpperCase()
