/** Puts on the wire what a dialect says, where Node has words of its own for it. The proxy's front and its refusals call it. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer, Asked, Dialect, PassedHead } from '../../dialects/dialect.js'
import { httpDate } from '../clock.js'
import { fieldOf } from '../exchange.js'
import { earlierOf } from './earlier.js'
import { headBytes, type ResponseHead, responseHeaders } from './headers.js'

/** Without a request, nothing of it could be read; without a response, the connection ends here. */
export function askedBy(hop: string, id: string, request?: IncomingMessage, response?: ServerResponse): Asked {
  return {
    hop,
    id,
    method: request?.method ?? '',
    keepAlive: response?.shouldKeepAlive === true,
    chunks: response?.useChunkedEncodingByDefault === true,
    earlier: request && earlierOf(request),
    connection: request?.headers.connection,
    userAgent: request?.headers['user-agent'],
    host: request?.headers.host,
    port: request?.socket.localPort,
    date: httpDate(),
  }
}

/** With its phrase: one that could not be written may have been left there. */
export function say(response: ServerResponse, answer: Answer): void {
  const { status, reason, fields, body } = answer
  if (answer.exact) {
    const text = headText(answer)
    const chunked = fields.includes('Transfer-Encoding')
    const last = fields.includes('close') || !response.shouldKeepAlive
    sayExactly(response, 200, { text, chunked, last }, body.length)
    return void response.end(body)
  }
  // What has a date of its own needs none of Node's.
  if (fields.includes('Date')) response.sendDate = false
  response.writeHead(status, reason, fields)
  response.end(body)
}

/** What a server answered, with what has to stand in it for this client; trailers are told of where they can follow. */
export function headAsItCame(
  status: number,
  rawHeaders: Buffer[],
  request: IncomingMessage,
  response: ServerResponse,
): ResponseHead {
  const head = responseHeaders(rawHeaders)
  const { headers, lengthTold, trailer } = head
  if (status === 426) headers.push(...offeredProtocols(rawHeaders, response))
  if (trailer !== undefined && !lengthTold && mayBeChunked(status, request, response)) headers.push('Trailer', trailer)
  return head
}

/** Where no length is told: there may be a body, and the client knows chunks. */
export function mayBeChunked(status: number, { method }: IncomingMessage, response: ServerResponse): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304 && response.useChunkedEncodingByDefault
}

/** Fields of a 426: it has to name the protocol (RFC 9110 section 15.5.22), and the proxy passes such a request on. */
function offeredProtocols(rawHeaders: Buffer[], { shouldKeepAlive }: ServerResponse): string[] {
  const protocols = fieldOf(rawHeaders, 'upgrade')
  return protocols === undefined
    ? []
    : ['Upgrade', protocols, 'Connection', shouldKeepAlive ? 'Upgrade' : 'Upgrade, close']
}

export const textOf = (fields: readonly Buffer[]): string[] => fields.map((part) => part.toString('latin1'))

/** A dialect with a reader of its own takes all for final, or gives what is final with its status line. */
export const isInterim = ({ reads }: Dialect, line: string): boolean =>
  !reads || (reads.passesInterims === true && line === '')

/** Every one is passed on, but to a client of HTTP/1.0 (RFC 9110 section 15.2), as soon as its turn in the pipe comes. */
export function sayInterim(
  response: ServerResponse,
  status: number,
  rawHeaders: Buffer[],
  request: IncomingMessage,
): void {
  if (request.httpVersionMinor === 0) return
  const { headers, proxyStatus } = responseHeaders(rawHeaders)
  if (proxyStatus !== undefined) headers.push('Proxy-Status', proxyStatus)
  const head = headBytes(status, headers)
  const { socket } = response
  // Node counts that one: an answer that comes without it, to a client that waits, is the connection's last.
  if (socket && status === 100) response.writeContinue()
  else if (socket) socket.write(head)
  else response.once('socket', (socket: Socket) => socket.write(head))
}

/** Node's timer sees whether bytes move. */
export function whenDrained(
  response: ServerResponse,
  patienceMs: number,
  drained: () => void,
  stalled: () => void,
): void {
  const { socket } = response
  response.once('drain', () => {
    socket?.setTimeout(0)
    response.removeListener('timeout', stalled)
    drained()
  })
  // Behind another response in the pipe it is not its turn to be late.
  if (!socket) return
  response.once('timeout', stalled)
  socket.setTimeout(patienceMs)
}

/** The same, for a socket whose response is not Node's to write. */
export const answerBytes = (answer: Answer): string => headText(answer) + answer.body

function headText({ status, reason, fields }: Answer): string {
  const lines = fields.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`))
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`
}

/** Node's own name for the head that it is about to send, and whether it has; its types don't tell. */
type Headed = ServerResponse & { _header: string; _headerSent: boolean }

/** A head that Node may not believe to be one: it frames the body and minds the connection, and says this in its place. */
export function sayExactly(
  response: ServerResponse,
  status: number,
  { text, chunked, last, chunkSize }: PassedHead,
  length = 0,
): void {
  const headed = response as Headed
  const framing = chunked && !chunkSize ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(length)]
  response.sendDate = false
  response.writeHead(status === 204 || status === 304 ? status : 200, [
    ...framing,
    'Connection',
    last ? 'close' : 'keep-alive',
  ])
  if (text === '') headed._headerSent = true
  else headed._header = text
}

/** The same, of one that has not gone out yet. */
export function sayAnew(response: ServerResponse, { text, chunked }: Pick<PassedHead, 'text' | 'chunked'>): void {
  response.chunkedEncoding &&= chunked
  const headed = response as Headed
  headed._header = text
}

/** The head of a response that leaves HTTP. */
export function switchedHead(dialect: Dialect, status: number, fields: Buffer[], to: Asked): PassedHead {
  const line = `${status} ${STATUS_CODES[status]}`
  if (dialect.passed) return inItsWords(dialect, status, line, fields, to, 0)
  const switched = ['Connection', 'Upgrade', 'Upgrade', fieldOf(fields, 'upgrade')!]
  const head = headBytes(status, [...switched, ...responseHeaders(fields).headers])
  return { text: head.toString('latin1'), chunked: false, last: true }
}

/** @param ms since the request came */
export function inItsWords(
  { passed }: Dialect,
  status: number,
  line: string,
  fields: readonly Buffer[],
  to: Asked,
  ms: number,
): PassedHead {
  // Node's parser, which reads what leaves HTTP, gives the reason phrase alone.
  const known = line.startsWith('HTTP/') || line.startsWith(String(status).padStart(3, '0'))
  const whole = known ? line : `${status} ${line}`
  return passed!({ status, line: whole, fields: textOf(fields), ms }, to)
}

/** Node holds it back until something follows, or until it is flushed. */
export function sayHead(response: ServerResponse, status: number, phrase: string, headers: string[]): void {
  response.writeHead(status, phrase === STATUS_CODES[status] ? phrase : octets(phrase), headers)
}

/** With the line of its chunk, and the end of that; without bytes it is the last one. */
export const framed = (bytes: number, chunked: boolean): number =>
  chunked ? bytes.toString(16).length + 4 + bytes : bytes

/** A reason phrase as Node wants its bytes: undici has read them as UTF-8. */
const octets = (phrase: string): string => Buffer.from(phrase).toString('latin1')

/** Node joins head and body in one buffer when the body is text; beyond a page that costs more than it saves. */
export function endWith(response: ServerResponse, body: Buffer): void {
  if (body.length > 4096) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
}

/** The connection ends, and nothing is said to this request; what stands before it in the pipe is. */
export function hangUp(response: ServerResponse): void {
  if (response.socket) response.socket.destroySoon()
  else response.once('socket', (socket) => queueMicrotask(() => socket.destroySoon()))
}
