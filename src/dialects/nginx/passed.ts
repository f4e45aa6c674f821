/**
 * The head of an upstream's response as nginx 1.22.1 passes it on: its own fields first, what is about one hop or for
 * nginx alone left out, the rest as it came (ngx_http_header_filter_module.c). index.ts calls it.
 */
import type { Asked, PassedHead, UpstreamHead } from '../dialect.js'
import { ownFields } from './page.js'
import { HTTP_09, lengthOf, mentions, valuesOf } from './reader.js'

export function passedHead({ status, line, fields }: UpstreamHead, to: Asked): PassedHead {
  const last = !to.keepAlive
  // It knows no head; and nginx does not close behind it where it would not behind another response.
  if (status === HTTP_09) return { text: '', chunked: false, last }
  const length = mentions(fields, 'transfer-encoding', 'chunked') ? undefined : lengthOf(fields)
  const bodiless = status < 200 || status === 204 || status === 304 || to.method === 'HEAD'
  const chunked = length === undefined && !bodiless && to.chunks
  const own = ownFields(to.date)
  const add = (name: string, value: string | undefined) => value && own.push(name, value)
  add('Content-Type', valuesOf(fields, 'content-type').at(-1))
  add('Content-Length', length === undefined ? undefined : String(length))
  add('Location', absolute(valuesOf(fields, 'location').at(-1), to))
  add('Transfer-Encoding', chunked ? 'chunked' : undefined)
  own.push('Connection', status === 101 ? 'upgrade' : last ? 'close' : 'keep-alive')
  const kept = [...own, ...rest(fields)]
  const lines = kept.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`))
  return { text: `HTTP/1.1 ${line}\r\n${lines.join('')}\r\n`, chunked, last }
}

/** `absolute_redirect on`: nginx says where a path is; anything else passes as it came. */
function absolute(location: string | undefined, { host, port }: Asked): string | undefined {
  if (!location?.startsWith('/')) return undefined
  const name = (host ?? '').replace(/:\d*$/, '').toLowerCase()
  return `http://${name}${port === 80 || port === undefined ? '' : `:${port}`}${location}`
}

/** About the connection, told above, or meant for nginx. */
const LEFT_OUT = new Set([
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'server',
  'transfer-encoding',
  'x-accel-buffering',
  'x-accel-charset',
  'x-accel-expires',
  'x-accel-limit-rate',
  'x-accel-redirect',
  'x-pad',
])

function rest(fields: readonly string[]): string[] {
  return fields.filter((_, index) => {
    const at = index - (index % 2)
    const name = fields[at]!.toLowerCase()
    return !LEFT_OUT.has(name) && !(name === 'location' && fields[at + 1]!.startsWith('/'))
  })
}
