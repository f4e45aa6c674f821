/**
 * Fields on their way through a proxy: what is meant for one hop only stays behind (RFC 9110 section 7.6.1). `TE` does
 * too: trailers are passed on to whoever can be sent them. `Proxy-Authenticate` passes, as among proxies of one house.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { RawFields } from '../exchange.js'
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
 * @param via this hop's part of Via: a gateway says on requests that it is there (section 7.6.3), on responses it may not
 * @throws RequestRefused when there is more than one Host
 */
export function requestHeaders(
  rawHeaders: readonly string[],
  id: string | undefined,
  via: string | undefined,
): string[] {
  const listed = listedIn(rawHeaders)
  const kept: string[] = []
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (HOP_BY_HOP.has(name) || listed?.has(name)) continue
    if (name === 'host' && hosts++ > 0) throw new RequestRefused('more than one Host', valuesOf(rawHeaders, 'host'))
    kept.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  }
  // A field line of its own, behind those of the hops before.
  if (via !== undefined) kept.push('Via', via)
  if (id !== undefined) kept.push('X-Request-Id', id)
  return kept
}

const given = new WeakMap<IncomingMessage, string>()

/** The target as the client wrote it: logs have that. */
export const targetGiven = (request: IncomingMessage): string => given.get(request) ?? request.url!

export const keepTarget = (request: IncomingMessage): void => void given.set(request, request.url!)

/** The authority of an absolute form stands for the Host that came with it (RFC 9112 section 3.2.2). */
export function setHost({ headers, rawHeaders }: IncomingMessage, host: string): void {
  headers.host = host
  const at = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === 'host')
  if (at < 0) rawHeaders.push('Host', host)
  else rawHeaders[at + 1] = host
}

export interface ResponseHead {
  /** Flat names and values for the client. */
  headers: string[]
  /** Left out of `headers`: this hop adds to it. */
  proxyStatus: string | undefined
  /** There is a Content-Length. */
  lengthTold: boolean
  /** Left out of `headers`: it may stand only where trailers can follow. */
  trailer: string | undefined
}

export function responseHeaders(rawHeaders: readonly Buffer[]): ResponseHead {
  const all = rawHeaders.map((part) => part.toString('latin1'))
  const listed = listedIn(all)
  const headers: string[] = []
  let proxyStatus: string | undefined
  let lengthTold = false
  let trailer: string | undefined
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i]!.toLowerCase()
    if (HOP_BY_HOP.has(name) || listed?.has(name)) {
      if (name === 'trailer') trailer = trailer === undefined ? all[i + 1]! : `${trailer}, ${all[i + 1]}`
      continue
    }
    if (name === 'proxy-status') {
      proxyStatus = proxyStatus === undefined ? all[i + 1]! : `${proxyStatus}, ${all[i + 1]}`
      continue
    }
    if (name === 'content-length') lengthTold = true
    headers.push(all[i]!, all[i + 1]!)
  }
  return { headers, proxyStatus, lengthTold, trailer }
}

/** A head as it goes on the wire, of flat names and values. */
export function headBytes(status: number, headers: readonly string[]): Buffer {
  const fields = headers.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`)).join('')
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${fields}\r\n`, 'latin1')
}

/** Names and values of a trailer section as pairs, without what may not stand in one (RFC 9110 section 6.5.1). */
export function trailerFields(raw: RawFields): [name: string, value: string][] {
  const text = (part: Buffer | string) => (typeof part === 'string' ? part : part.toString('latin1'))
  const fields: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = text(raw[i]!)
    const lower = name.toLowerCase()
    const value = text(raw[i + 1]!)
    if (!HOP_BY_HOP.has(lower) && !NOT_IN_TRAILERS.has(lower) && !CONTROL.test(value)) fields.push([name, value])
  }
  return fields
}

/** Not to be said in a field; the response is nearly over, so it is left out. */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/

/** What frames, routes or answers for the whole message. */
const NOT_IN_TRAILERS = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'proxy-status',
  'set-cookie',
  'x-proxy-error',
])

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

const valuesOf = (rawHeaders: readonly string[], name: string): string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name)
