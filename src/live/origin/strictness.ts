/**
 * Carries out what an origin's strictness about framing decides: a status and the end of the connection, or only its
 * end. serve.ts calls it, for requests that node:http parsed and for those whose coding it refused by itself.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type Framing, type RequestFraming, refusalOf } from '../../core/origin/framing.js'
import { type ResponseConfig, responseSchema } from '../../core/origin/response.js'
import type { Site } from '../site.js'
import { close } from '../wire.js'
import type { Exchange } from './exchange.js'
import type { HttpLine } from './visit.js'

export const framingOf = ({ method, headers }: IncomingMessage): Framing => ({
  method: method!,
  contentLength: headers['content-length'],
  transferEncoding: headers['transfer-encoding'],
})

export function refuseFraming(
  { visit, request, response }: Exchange,
  how: 411 | 501 | 'close',
  respond: (response: ResponseConfig) => void,
): void {
  // What follows is a body that nobody wants.
  request.resume()
  if (how !== 'close') {
    visit.turnedAway = 'refused'
    response.shouldKeepAlive = false
    return respond(responseSchema.parse({ status: how, body: `${STATUS_CODES[how]}\n` }))
  }
  visit.book('refused')
  visit.line.over = true
  close(request.socket)
}

export type ParseError = Error & { code?: string; rawPacket?: Buffer }

/** Node's parser refuses a coding that does not end in chunked. False: it is not about that, or nobody is strict. */
export function refuseUnparsed(
  site: Site,
  hop: string,
  config: RequestFraming,
  { code, rawPacket }: ParseError,
  socket: Socket,
  line: HttpLine,
): boolean {
  if (code !== 'HPE_INVALID_TRANSFER_ENCODING') return false
  const how = refusalOf(config, { method: '', contentLength: undefined, transferEncoding: '?' })
  if (!how) return false
  // The parser says it again for whatever comes behind.
  if (line.over) return true
  const [, method = '', path = ''] = /^(\S+) (\S+) HTTP/.exec(rawPacket?.toString('latin1') ?? '') ?? []
  const status = how === 'close' ? undefined : how
  const seen = {
    hop,
    peer: line.peer,
    request: '',
    method,
    path,
    ordinal: ++line.requests,
    status,
    request_bytes: 0,
    ms: 0,
  }
  line.over = true
  site.journal({ event: 'served', t: site.now(), ...seen, outcome: 'refused' })
  if (status)
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  close(socket)
  return true
}
