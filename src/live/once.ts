/**
 * Stands in for an undici Client where one exchange needs what undici can't do: `Expect`, trailers of a request, another
 * protocol. node:http writes and parses it, on a connection of its own. live/connection.ts holds one.
 */
import { EventEmitter } from 'node:events'
import { type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'

export interface OnceRequest {
  method: string
  path: string
  /** Names and values in turn, those of the framing and of the hop too. */
  headers: string[]
  body: Readable | Buffer | null
  /** Asked for when the body has ended. */
  trailers?: (() => [name: string, value: string][]) | undefined
}

type Connect = (options: unknown, done: (error: Error | null, stream: Socket | null) => void) => void

type Handler = Dispatcher.DispatchHandler & { onRequestSent?(): void }

/** Tells its handler what undici would; 'disconnect' when the connection is over. */
export class OnceClient extends EventEmitter {
  private socket: Socket | undefined
  private outgoing: ClientRequest | undefined

  private closed: Promise<unknown> = Promise.resolve()

  constructor(private readonly connect: Connect) {
    super()
  }

  dispatch(request: OnceRequest, handler: Handler): boolean {
    this.connect(undefined, (error, socket) => {
      if (!socket) return handler.onError!(error!)
      this.socket = socket
      if (!socket.closed) this.closed = new Promise((resolve) => socket.once('close', resolve))
      socket.once('close', () => this.emit('disconnect'))
      this.begin(request, handler, socket)
    })
    return true
  }

  /** Resolves when the connection is closed, and whoever watches it has heard so. */
  async destroy(): Promise<void> {
    this.outgoing?.destroy()
    this.socket?.destroy()
    // Its `closed` is true a turn before the event.
    await this.closed
  }

  private begin(request: OnceRequest, handler: Handler, socket: Socket): void {
    handler.onConnect!((error) => {
      handler.onError!(error ?? new Error('aborted'))
      void this.destroy()
    })
    if (socket.destroyed) return
    const { method, path, headers, body } = request
    // As node:http means its heads, but where it flushes them early.
    socket.setDefaultEncoding('latin1')
    const outgoing = startRequest({ createConnection: () => socket, method, path, headers })
    this.outgoing = outgoing
    outgoing.on('information', ({ statusCode, rawHeaders }) =>
      handler.onHeaders!(statusCode, octets(rawHeaders), () => {}, ''),
    )
    outgoing.on('response', (response) => this.receive(response, handler))
    outgoing.on('upgrade', ({ rawHeaders }, _socket, head) => {
      if (head.length > 0) socket.unshift(head)
      handler.onUpgrade!(101, octets(rawHeaders) as never, socket)
    })
    outgoing.on('error', (error) => handler.onError!(error))
    outgoing.on('finish', () => handler.onRequestSent?.())
    send(outgoing, body, request.trailers)
  }

  private receive(response: IncomingMessage, handler: Handler): void {
    const { statusCode, rawHeaders, statusMessage } = response
    // Undici reads a reason phrase as UTF-8.
    const phrase = Buffer.from(statusMessage!, 'latin1').toString()
    const more = handler.onHeaders!(statusCode!, octets(rawHeaders), () => response.resume(), phrase)
    response.on('data', (chunk: Buffer) => {
      if (!handler.onData!(chunk)) response.pause()
    })
    if (!more) response.pause()
    response.on('error', (error) => handler.onError!(error))
    response.on('end', () => {
      handler.onComplete!(response.rawTrailers)
      void this.destroy()
    })
  }
}

const octets = (fields: readonly string[]): Buffer[] => fields.map((text) => Buffer.from(text, 'latin1'))

function send(outgoing: ClientRequest, body: OnceRequest['body'], trailers: OnceRequest['trailers']): void {
  if (body === null || Buffer.isBuffer(body)) return void outgoing.end(body ?? undefined)
  outgoing.flushHeaders()
  // Not piped: what ends the request must not end with a body that broke off.
  body.on('data', (chunk: Buffer) => {
    if (!outgoing.write(chunk)) body.pause()
  })
  outgoing.on('drain', () => body.resume())
  body.on('end', () => {
    const fields = trailers?.() ?? []
    if (fields.length > 0) outgoing.addTrailers(fields)
    outgoing.end()
  })
  body.on('error', () => outgoing.destroy())
  outgoing.on('close', () => body.destroy())
}
