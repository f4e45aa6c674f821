/**
 * Requests that the proxy does not pass on: what is wrong with one, the 4xx that says so where one can still be sent,
 * and the end of its connection. The proxy's front calls it; nothing here knows an upstream.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Failure } from '../../core/failure.js'
import { proxyErrorWord } from '../../dialects/proxy_error.js'
import { proxyStatusMember } from '../../dialects/rfc9209.js'
import { startTimer, stopTimer } from '../clock.js'
import type { Site } from '../site.js'
import { downstreamOf } from './front.js'

/** The fields of an answer that refuses, and its event. */
export interface Refusals {
  /** Names and values of the answer, its end included; journals it. */
  head(status: number, details: string, request?: IncomingMessage): Record<string, string>
  /** What Node's parser, its time limits or the socket say about a connection. */
  clientError(error: NodeJS.ErrnoException, socket: Socket): void
}

export function refusals(site: Site, hop: string): Refusals {
  const fields = (failure: Failure): Record<string, string> => ({
    'Proxy-Status': proxyStatusMember(hop, { failure }),
    'X-Proxy-Error': proxyErrorWord(failure),
    'Content-Length': '0',
  })
  const head = (status: number, details: string, request?: IncomingMessage): Record<string, string> => {
    const failure = refused(details)
    const { method = '', url: path = '' } = request ?? {}
    const word = proxyErrorWord(failure)
    const id = (request?.headers['x-request-id'] as string | undefined) ?? ''
    const about = { request: id, method, path, tries: [], status, failure, proxy_error: word, ms: 0 }
    site.journal({ event: 'forward', t: site.now(), hop, ...about })
    return fields(failure)
  }
  const refusing = new WeakSet<Socket>()

  function clientError(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
    // The parser says it again for whatever comes behind.
    if (refusing.has(socket)) return
    refusing.add(socket)
    refuse(error, socket)
  }

  function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable) return
    const response = (socket as { _httpMessage?: ServerResponse })._httpMessage
    const current = response && downstreamOf(response)
    const status = STATUS_OF[error.code ?? ''] ?? 400
    const details = `${STATUS_CODES[status]!.toLowerCase()}: ${error.code ?? error.message}`
    if (!current) return say(socket, status, head(status, details))
    // Half a request and a FIN: the client has left.
    if (error.code === 'HPE_INVALID_EOF_STATE') return void socket.destroy()
    // It is about a request further back in the pipe: those before it are answered first.
    if (current.request.complete) return void response.once('finish', () => refuse(error, socket))
    if (current.refuse(refused(details), status)) say(socket, status, fields(refused(details)))
  }

  return { head, clientError }
}

/** Written past Node's response, which may be waiting for an upstream. What still comes is read, or it becomes an RST. */
function say(socket: Socket, status: number, fields: Record<string, string>): void {
  const lines = Object.entries({ ...fields, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`)
  const timer = startTimer(LINGER_MS, () => socket.destroy())
  socket.once('close', () => stopTimer(timer))
}

/** As long as a client may go on sending that was told to stop. */
const LINGER_MS = 5000

const STATUS_OF: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

const refused = (details: string): Failure => ({ type: 'http_request_error', stage: 'select', manner: 'http', details })

/**
 * A client that has sent its FIN has left, for nginx as for us: whoever only half closes can't be told from it. Node
 * alone would go on until it meets an RST, or until what a client that does not read was sent is read.
 */
export function hangUpBehind(server: Server, tls: boolean): void {
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket & { _httpMessage?: ServerResponse }) => {
    socket.on('end', () => {
      if (socket._httpMessage?.writableEnded === false) socket.destroy()
    })
  })
}
