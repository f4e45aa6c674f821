/**
 * Requests that ask for another protocol. Node takes the whole connection out of HTTP for one: WebSocket goes its way as
 * a request that may become a tunnel; another protocol is not offered here, and the request is served without it.
 */
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { lingeringClose } from './linger.js'
import { hasBody } from './request_body.js'
import { whenAnswered } from './turn.js'

/** The protocol that is passed on. */
export const OFFERED = 'websocket'

/** @param event how the server hears of a connection that speaks HTTP */
export function takeUpgrades(server: Server, event: 'connection' | 'secureConnection'): void {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
    whenAnswered(socket, () => {
      if (isWebSocket(request)) ask(server, request, socket, head)
      else serveWithout(server, event, request, socket, head)
    }),
  )
}

/** RFC 6455 section 4.1; HTTP/1.0 knows no Upgrade (RFC 9110 section 7.8). */
function isWebSocket(request: IncomingMessage): boolean {
  const wanted = (request.headers.upgrade ?? '').toLowerCase().split(',')
  const offered = wanted.some((protocol) => protocol.trim() === OFFERED)
  return offered && request.method === 'GET' && request.httpVersion === '1.1' && !hasBody(request)
}

/** The request as one like any other: an answer that is no 101 is written as usual, and is the connection's last. */
function ask(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  holdBack(response, socket, head)
  response.once('finish', () => {
    response.detachSocket(socket)
    lingeringClose(socket)
  })
  server.emit('request', request, response)
}

/** What a client may say before it is answered; more than that waits in the kernel. */
const EARLY_LIMIT = 65_536

/** Keeps what comes too early for whoever speaks the other protocol, and hears of a client that leaves. */
function holdBack(response: ServerResponse, socket: Socket, head: Buffer): void {
  const early = [head]
  let held = head.length
  const keep = (chunk: Buffer): void => {
    early.push(chunk)
    held += chunk.length
    if (held >= EARLY_LIMIT) socket.pause()
  }
  // Half a connection is none before there is a tunnel.
  const left = () => void socket.destroy()
  socket.on('data', keep).on('end', left)
  response.once(RELEASED, () => {
    socket.removeListener('data', keep).removeListener('end', left).pause()
    const bytes = Buffer.concat(early)
    if (bytes.length > 0) socket.unshift(bytes)
  })
}

/** The response's connection leaves HTTP: emitted on a response that is no response any more. */
const RELEASED = Symbol('released')

/** The bare connection under a request that has become a tunnel, with what the client has said already. */
export function release(response: ServerResponse): Socket {
  const socket = response.socket!
  response.detachSocket(socket)
  response.emit(RELEASED)
  return socket
}

/** The connection begins anew with the same request, in which nothing is asked for. */
function serveWithout(server: Server, event: string, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const options = rawHeaders[i + 1]!.split(',').filter((option) => option.trim().toLowerCase() !== 'upgrade')
    if (name === 'connection') lines.push(`Connection: ${options.join(',')}`)
    else if (name !== 'upgrade') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit(event, socket)
}
