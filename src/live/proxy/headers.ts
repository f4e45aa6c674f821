/** Header fields on their way through a proxy: what is meant for one hop only stays behind (RFC 9110 section 7.6.1). */
import { RequestRefused } from './request_check.js'

const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Flat names and values for the upstream, with the request's id added where the client gave none.
 * @throws RequestRefused when there is more than one Host
 */
export function requestHeaders(rawHeaders: readonly string[], id: string | undefined): string[] {
  const listed = listedIn(rawHeaders)
  const kept: string[] = []
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (HOP_BY_HOP.has(name) || listed?.has(name)) continue
    if (name === 'host' && hosts++ > 0) throw new RequestRefused('more than one Host')
    kept.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  }
  if (id !== undefined) kept.push('X-Request-Id', id)
  return kept
}

export interface ResponseHead {
  /** Flat names and values for the client. */
  headers: string[]
  /** Left out of `headers`: this hop adds to it. */
  proxyStatus: string | undefined
  /** There is a Content-Length. */
  lengthTold: boolean
}

export function responseHeaders(rawHeaders: readonly Buffer[]): ResponseHead {
  const all = rawHeaders.map((part) => part.toString('latin1'))
  const listed = listedIn(all)
  const headers: string[] = []
  let proxyStatus: string | undefined
  let lengthTold = false
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i]!.toLowerCase()
    if (HOP_BY_HOP.has(name) || listed?.has(name)) continue
    if (name === 'proxy-status') {
      proxyStatus = proxyStatus === undefined ? all[i + 1]! : `${proxyStatus}, ${all[i + 1]}`
      continue
    }
    if (name === 'content-length') lengthTold = true
    headers.push(all[i]!, all[i + 1]!)
  }
  return { headers, proxyStatus, lengthTold }
}

/** Words of `Connection` that say nothing about other fields, or that a client must not take from those behind us. */
const PLAIN = new Set(['keep-alive', 'close', 'upgrade', 'te', '', 'host', 'content-length', 'x-request-id'])

/** The fields that `Connection` lists, in lower case; undefined when it lists none. */
function listedIn(headers: readonly string[]): Set<string> | undefined {
  let listed: Set<string> | undefined
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.length !== 10 || headers[i]!.toLowerCase() !== 'connection') continue
    for (const word of headers[i + 1]!.split(',')) {
      const name = word.trim().toLowerCase()
      if (!PLAIN.has(name)) listed = (listed ?? new Set()).add(name)
    }
  }
  return listed
}
