/**
 * Requests that the proxy does not pass on: what is wrong with one, the 4xx that says so where one can still be sent,
 * and the end of its connection. The proxy's front calls it; nothing here knows an upstream.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Failure } from '../../core/failure.js'
import type { Answer, Dialect } from '../../dialects/dialect.js'
import { proxyErrorWord } from '../../dialects/proxy_error.js'
import type { Site } from '../site.js'
import { bookRequest, logContext } from './ledger.js'
import { lingeringClose } from './linger.js'
import { ownerOf } from './owner.js'
import { whenAnswered } from './turn.js'
import { answerBytes, askedBy, say } from './wording.js'

export interface Refusals {
  /** Answers that it is refused; journals it. It is the connection's last. */
  answer(
    status: number,
    details: string,
    request: IncomingMessage,
    response: ServerResponse,
    fields?: readonly string[],
  ): void
  /** Nothing more is taken from this connection. */
  done(socket: Socket): boolean
  /** No tunnel to anywhere: a gateway's resources know no CONNECT (RFC 9110 sections 9.3.6 and 15.5.6). */
  connect(request: IncomingMessage, socket: Socket): void
  /** What Node's parser, its time limits or the socket say about a connection. */
  clientError(error: NodeJS.ErrnoException, socket: Socket): void
}

export function refusals(site: Site, hop: string, dialect: Dialect): Refusals {
  const words = (status: number, failure: Failure, request: IncomingMessage | undefined): Answer | undefined =>
    dialect.refusal(status, failure, askedBy(hop, '', request))
  const book = (
    status: number,
    failure: Failure,
    socket: Socket,
    request: IncomingMessage | undefined,
    said: Answer | undefined,
  ): void => {
    const id = (request?.headers['x-request-id'] as string | undefined) ?? ''
    const peer = `${socket.remoteAddress}:${socket.remotePort}`
    const about = { peer, request: id, tries: [], status, failure, proxy_error: proxyErrorWord(failure), ms: 0 }
    const line = request && dialect.refusedLine?.(failure, logContext(hop, request, undefined))
    if (line) site.journal({ event: 'log', t: site.now(), hop, request: id, level: line.level, line: line.message })
    const bytes = said?.body.length ?? 0
    bookRequest(site, hop, dialect, request, about, { bodyBytes: bytes, payloadBytes: bytes, refused: true })
  }
  const refusing = new WeakSet<Socket>()

  const answer: Refusals['answer'] = (status, details, request, response, fields = []) => {
    const failure = { ...refused(details), ...(fields.length > 0 && { fields: [...fields] }) }
    refusing.add(request.socket)
    const said = words(status, failure, request)
    book(said?.status ?? status, failure, request.socket, request, said)
    if (said) say(response, said)
    else request.socket.destroySoon()
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
    const current = response && ownerOf(response)
    const status = STATUS_OF[error.code ?? ''] ?? 400
    const failure = refused(
      foreignProtocol(error) ?? `${STATUS_CODES[status]!.toLowerCase()}: ${error.code ?? error.message}`,
    )
    if (!current) {
      const said = words(status, failure, undefined)
      book(said?.status ?? status, failure, socket, undefined, said)
      return sayPast(socket, said)
    }
    // Half a request and a FIN: the client has left.
    if (error.code === 'HPE_INVALID_EOF_STATE') return void socket.destroy()
    // It is about a request further back in the pipe: those before it are answered first.
    if (current.request.complete) return void response!.once('finish', () => refuse(error, socket))
    const said = words(status, failure, current.request)
    if (current.refuse(failure, said?.status ?? status)) sayPast(socket, said)
  }

  function connect(request: IncomingMessage, socket: Socket): void {
    whenAnswered(socket, () => {
      if (refusing.has(socket) || !socket.writable) return void socket.destroy()
      const failure = refused('CONNECT is not spoken here')
      refusing.add(socket)
      const said = words(405, failure, request)!
      book(said.status, failure, socket, request, said)
      sayPast(socket, said.status === 405 ? { ...said, fields: ['Allow', '', ...said.fields] } : said)
    })
  }

  return { answer, connect, clientError, done: (socket) => !socket.writable || refusing.has(socket) }
}

/** Written past Node's response, which may be waiting for an upstream. What still comes is read, or it becomes an RST. */
export function sayPast(socket: Socket, answer: Answer | undefined): void {
  if (answer) socket.write(answerBytes(answer), 'latin1')
  lingeringClose(socket)
}

/** What Node's parser stumbled on, where the first bytes tell: a ClientHello (RFC 8446 section 5.1), SOCKS 5 or 4 (RFC 1928 section 3). */
function foreignProtocol(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer; bytesParsed?: number },
): string | undefined {
  const { rawPacket: bytes, bytesParsed, code } = error
  if (code !== 'HPE_INVALID_METHOD' || !bytes || (bytesParsed ?? 0) > 0) return undefined
  if (bytes[0] === 0x16 && bytes[1] === 0x03) return 'TLS is not spoken at this port'
  return bytes[0] === 0x05 || bytes[0] === 0x04 ? 'SOCKS is not spoken at this port' : undefined
}

const STATUS_OF: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

const refused = (details: string): Failure => ({ type: 'http_request_error', stage: 'select', manner: 'http', details })
