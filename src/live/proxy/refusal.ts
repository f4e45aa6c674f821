/**
 * Requests that the proxy does not pass on: what is wrong with one, the 4xx that says so where one can still be sent,
 * and the end of its connection. The proxy's front calls it; nothing here knows an upstream.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Failure } from '../../core/failure.js'
import { proxyErrorWord } from '../../dialects/proxy_error.js'
import { proxyStatusMember } from '../../dialects/rfc9209.js'
import type { Site } from '../site.js'
import { downstreamOf } from './front.js'
import { lingeringClose } from './linger.js'
import { whenAnswered } from './turn.js'

export interface Refusals {
  /** Names and values of an answer that refuses; journals it. It is the connection's last. */
  head(status: number, details: string, request: IncomingMessage): Record<string, string>
  /** Nothing more is taken from this connection. */
  done(socket: Socket): boolean
  /** No tunnel to anywhere: a gateway's resources know no CONNECT (RFC 9110 sections 9.3.6 and 15.5.6). */
  connect(request: IncomingMessage, socket: Socket): void
  /** What Node's parser, its time limits or the socket say about a connection. */
  clientError(error: NodeJS.ErrnoException, socket: Socket): void
}

export function refusals(site: Site, hop: string): Refusals {
  const fields = (failure: Failure): Record<string, string> => ({
    'Proxy-Status': proxyStatusMember(hop, { failure }),
    'X-Proxy-Error': proxyErrorWord(failure),
    'Content-Length': '0',
    // What comes behind a request that makes no sense may be meant as part of it.
    Connection: 'close',
  })
  const book = (status: number, failure: Failure, socket: Socket, request?: IncomingMessage): void => {
    const { method = '', url: path = '' } = request ?? {}
    const id = (request?.headers['x-request-id'] as string | undefined) ?? ''
    const about = { request: id, method, path, tries: [], status, failure, proxy_error: proxyErrorWord(failure), ms: 0 }
    const peer = `${socket.remoteAddress}:${socket.remotePort}`
    site.journal({ event: 'forward', t: site.now(), hop, peer, ...about })
  }
  const refusing = new WeakSet<Socket>()

  function head(status: number, details: string, request: IncomingMessage): Record<string, string> {
    const failure = refused(details)
    refusing.add(request.socket)
    book(status, failure, request.socket, request)
    return fields(failure)
  }

  function clientError(error: NodeJS.ErrnoException, socket: Socket): void {
    // The parser says it again for whatever comes behind.
    if (refusing.has(socket)) return
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
    refusing.add(socket)
    refuse(error, socket)
  }

  function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable) return
    const response = (socket as { _httpMessage?: ServerResponse })._httpMessage
    const current = response && downstreamOf(response)
    const status = STATUS_OF[error.code ?? ''] ?? 400
    const failure = refused(`${STATUS_CODES[status]!.toLowerCase()}: ${error.code ?? error.message}`)
    if (!current) {
      book(status, failure, socket)
      return say(socket, status, fields(failure))
    }
    // Half a request and a FIN: the client has left.
    if (error.code === 'HPE_INVALID_EOF_STATE') return void socket.destroy()
    // It is about a request further back in the pipe: those before it are answered first.
    if (current.request.complete) return void response!.once('finish', () => refuse(error, socket))
    if (current.refuse(failure, status)) say(socket, status, fields(failure))
  }

  function connect(request: IncomingMessage, socket: Socket): void {
    whenAnswered(socket, () => {
      if (refusing.has(socket) || !socket.writable) return void socket.destroy()
      say(socket, 405, { Allow: '', ...head(405, 'CONNECT is not spoken here', request) })
    })
  }

  return { head, connect, clientError, done: (socket) => !socket.writable || refusing.has(socket) }
}

/** Written past Node's response, which may be waiting for an upstream. What still comes is read, or it becomes an RST. */
function say(socket: Socket, status: number, fields: Record<string, string>): void {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`)
  lingeringClose(socket)
}

const STATUS_OF: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

const refused = (details: string): Failure => ({ type: 'http_request_error', stage: 'select', manner: 'http', details })
