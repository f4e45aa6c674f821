/**
 * An origin's WebSocket: the handshake is answered by `ws`, and every message comes back as it was. serve.ts hands it
 * the requests that ask for it, once no fault has taken them.
 */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { close } from '../wire.js'
import type { Exchange } from './exchange.js'

/** A request that asks for another protocol, as one like any other: what is answered in HTTP is the connection's last. */
export function openResponse(request: IncomingMessage, socket: Socket, head: Buffer): ServerResponse {
  if (head.length > 0) socket.unshift(head)
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.once('finish', () => {
    response.detachSocket(socket)
    close(socket)
  })
  return response
}

/** The request came through Node's upgrade, and WebSocket is what it asks for. */
export const asksForWebSocket = (request: IncomingMessage): boolean =>
  (request as { upgrade?: boolean }).upgrade === true && /\bwebsocket\b/i.test(request.headers.upgrade ?? '')

export class Echoes {
  private readonly server = new WebSocketServer({ noServer: true, perMessageDeflate: false })

  constructor() {
    // The answer is ws's own 400: the handshake makes no sense.
    this.server.on('wsClientError', (_error, socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    )
  }

  accept({ visit, request, response }: Exchange): void {
    const socket = response.socket!
    response.detachSocket(socket)
    this.server.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
      visit.book('answered', 101)
      webSocket.on('error', () => {})
      webSocket.on('message', (data, binary) => webSocket.send(data, { binary }))
    })
    // Booked already unless the handshake failed.
    visit.book('answered', 400)
  }
}
