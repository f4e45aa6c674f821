/**
 * Heads as Envoy writes them over HTTP/1: every name in lower case, what is about one hop left out, `date` and `server` in
 * the place where the host had them, and `x-envoy-upstream-service-time` on what is passed on (conn_manager_utility.cc,
 * http1/codec_impl.cc). index.ts calls it.
 */
import type { Asked, PassedHead, UpstreamHead } from '../dialect.js'

export const SERVER = 'envoy'

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'trailer', 'transfer-encoding', 'upgrade'])

export function passedHead({ status, line, fields, ms }: UpstreamHead, to: Asked): PassedHead {
  const kept = lowerCase(fields)
  put(kept, 'x-envoy-upstream-service-time', String(Math.floor(ms ?? 0)))
  if (fieldOf(kept, 'date') === undefined) kept.push('date', to.date)
  put(kept, 'server', SERVER)
  const bodiless = status < 200 || status === 204 || status === 304
  const untold = fieldOf(kept, 'content-length') === undefined && !bodiless
  const chunked = untold && to.chunks && to.method !== 'HEAD'
  // Only the end of the connection tells such a client the end of the body.
  const last = !to.keepAlive || (untold && !to.chunks)
  if (status === 101) kept.push('connection', 'upgrade', 'upgrade', fieldOf(fields, 'upgrade') ?? '')
  else if (last) kept.push('connection', 'close')
  if (untold && to.chunks) kept.push('transfer-encoding', 'chunked')
  const lines = kept.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`))
  return { text: `HTTP/1.1 ${line}\r\n${lines.join('')}\r\n`, chunked, last }
}

function lowerCase(fields: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!.toLowerCase()
    if (!HOP_BY_HOP.has(name)) kept.push(name, fields[at + 1]!)
  }
  return kept
}

/** In the place of the one that is there, or at the end. */
function put(fields: string[], name: string, value: string): void {
  const at = fields.findIndex((part, index) => index % 2 === 0 && part === name)
  if (at < 0) fields.push(name, value)
  else fields[at + 1] = value
}

const fieldOf = (fields: readonly string[], name: string): string | undefined =>
  fields.find((_, index) => index % 2 === 1 && fields[index - 1]!.toLowerCase() === name)
