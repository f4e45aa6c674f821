/**
 * The requests of an origin: node:http parses them, faults may take them at every moment, and what is not taken is
 * answered. When a fault cuts a response, its bytes are written here, not by node:http.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Occasion } from '../../core/fault/selection.js'
import type { OriginHop } from '../../scenario/hops.js'
import { misbehave } from '../effects.js'
import type { Site } from '../site.js'
import type { Faults } from './faults.js'
import { answer, bodyBytes, headBytes, responseBody } from './respond.js'
import { type Line, Visit } from './visit.js'

export class Server {
  private readonly lines = new WeakMap<Socket, Line>()
  private readonly http = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 })
  private readonly body: Buffer

  constructor(
    private readonly site: Site,
    private readonly name: string,
    private readonly hop: OriginHop,
    private readonly faults: Faults,
  ) {
    this.body = responseBody(hop.response)
    this.http.on('request', (request, response) => this.serve(request, response))
    // An origin that is sent something other than HTTP just closes.
    this.http.on('clientError', (_error, socket) => socket.destroy())
  }

  /** HTTP from here on. */
  speak(line: Line, stream: Socket): void {
    this.lines.set(stream, line)
    this.http.emit('connection', stream)
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const line = this.lines.get(request.socket)!
    line.requests++
    const visit = new Visit(this.site, this.name, line, request)
    if (request.url === this.hop.health) return this.health(visit, request, response)
    const occasion: Occasion = {
      now_ms: this.site.now(),
      method: request.method,
      path: request.url,
      headers: request.headers,
      ordinal: line.requests,
    }
    if (this.faults.hit('request_head', line, occasion, visit)) return visit.book('faulted')
    // A socket that was destroyed drops what it held, and its writes count as finished all the same.
    response.on('finish', () => visit.book(request.socket.destroyed ? 'aborted' : 'answered', response.statusCode))
    response.on('close', () => visit.book('aborted'))
    request.on('data', (chunk: Buffer) => visit.read(chunk.length))
    request.on('end', () => this.respond(visit, occasion, request, response))
  }

  private health(visit: Visit, request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    response.on('close', () => visit.book('answered', 200, true))
    response.end('healthy\n')
  }

  private respond(visit: Visit, occasion: Occasion, request: IncomingMessage, response: ServerResponse): void {
    const now = { ...occasion, now_ms: this.site.now() }
    const fault = this.faults.take('response_head', now) ?? this.faults.take('response_body', now)
    if (!fault) return answer(this.hop.response, this.body, response)
    const at = fault.at as { type: 'response_head' | 'response_body'; after: number }
    const part = this.bytesUntil(at, request.method!)
    visit.book('faulted', part.length >= STATUS_LINE_BYTES ? this.hop.response.status : undefined)
    this.faults.fired(fault, at.type, visit.line, visit)
    request.socket.write(part, () => misbehave(visit.line.raw, request.socket, fault.effect))
  }

  /** What is on the wire when the moment comes. */
  private bytesUntil(at: { type: 'response_head' | 'response_body'; after: number }, method: string): Buffer {
    const head = headBytes(this.hop.response, this.body.length)
    if (at.type === 'response_head') return head.subarray(0, at.after)
    return method === 'HEAD' ? head : Buffer.concat([head, bodyBytes(this.hop.response, this.body, at.after)])
  }
}

/** As long as `HTTP/1.1 200`: what a peer needs to know the status. */
const STATUS_LINE_BYTES = 12
