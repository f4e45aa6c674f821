/**
 * The fake origin: raw sockets under everything, node:http on top for the parsing, so that it can misbehave at any
 * moment and byte-exactly. It asks the fault plan at each trigger and carries out what it is told.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { Fault } from '../../core/fault/fault.js'
import type { Occasion } from '../../core/fault/selection.js'
import type { TriggerName } from '../../core/fault/triggers/index.js'
import type { OriginHop } from '../../scenario/hops.js'
import { monotonicMs, roundMs } from '../clock.js'
import { misbehave } from '../effects.js'
import { type Hello, readHello } from '../hello.js'
import { listenAt, trackSockets } from '../listen.js'
import type { Address, Site } from '../site.js'
import { answer, bodyBytes, headBytes, responseBody } from './respond.js'

/** One accepted connection. */
interface Line {
  raw: Socket
  peer: string
  requests: number
}

/** Starts the origin hop `name` and resolves once it listens; it is closed by the site's scope. */
export async function startOrigin(site: Site, name: string, hop: OriginHop): Promise<Address> {
  const origin = new Origin(site, name, hop)
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => void origin.accept(raw))
  trackSockets(site, server)
  return listenAt(site, name, server, hop.port)
}

class Origin {
  private readonly lines = new WeakMap<Socket, Line>()
  private readonly http = createHttpServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 })
  private readonly body: Buffer

  constructor(
    private readonly site: Site,
    private readonly name: string,
    private readonly hop: OriginHop,
  ) {
    this.body = responseBody(hop.response)
    this.http.on('request', (request, response) => this.serve(request, response))
    // An origin that is sent something other than HTTP just closes.
    this.http.on('clientError', (_error, socket) => socket.destroy())
  }

  async accept(raw: Socket): Promise<void> {
    const line: Line = { raw, peer: `${raw.remoteAddress}:${raw.remotePort}`, requests: 0 }
    this.site.journal({ event: 'connection', t: this.site.now(), hop: this.name, peer: line.peer })
    if (this.hit('accept', line, {})) return
    if (!this.hop.tls) return this.speak(line, raw)
    const hello = await readHello(raw)
    if (raw.destroyed) return
    if (!hello) return void raw.destroy()
    const { ja3, ja4, sni } = hello
    this.site.journal({ event: 'hello', t: this.site.now(), hop: this.name, peer: line.peer, ja3, ja4, sni })
    if (this.hit('client_hello', line, hello)) return
    await this.handshake(line, hello)
  }

  private async handshake(line: Line, hello: Hello): Promise<void> {
    const fault = this.take('handshake', hello)
    if (fault) this.fired(fault, 'handshake', line)
    const wrong = fault?.effect.type === 'certificate' ? fault.effect.kind : undefined
    const pair = await this.site.certificates.of(this.name, wrong)
    if (line.raw.destroyed) return
    const secure = new TLSSocket(line.raw, { isServer: true, secureContext: createSecureContext(pair) })
    secure.on('error', () => {})
    secure.once('secure', () => this.speak(line, secure))
  }

  /** HTTP from here on. */
  private speak(line: Line, stream: Socket): void {
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
    if (this.hit('request_head', line, occasion, visit)) return visit.book('faulted')
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
    const fault = this.take('response_head', now) ?? this.take('response_body', now)
    if (!fault) return answer(this.hop.response, this.body, response)
    const at = fault.at as { type: 'response_head' | 'response_body'; after: number }
    const part = this.bytesUntil(at, request.method!)
    visit.book('faulted', part.length >= STATUS_LINE_BYTES ? this.hop.response.status : undefined)
    this.fired(fault, at.type, visit.line, visit)
    request.socket.write(part, () => misbehave(visit.line.raw, request.socket, fault.effect))
  }

  /** What is on the wire when the moment comes. */
  private bytesUntil(at: { type: 'response_head' | 'response_body'; after: number }, method: string): Buffer {
    const head = headBytes(this.hop.response, this.body.length)
    if (at.type === 'response_head') return head.subarray(0, at.after)
    return method === 'HEAD' ? head : Buffer.concat([head, bodyBytes(this.hop.response, this.body, at.after)])
  }

  /** Asks the plan, and carries out what it says; true when the connection or request is taken by a fault. */
  private hit(at: TriggerName, line: Line, occasion: Partial<Occasion>, visit?: Visit): boolean {
    const fault = this.take(at, occasion)
    if (!fault) return false
    this.fired(fault, at, line, visit)
    misbehave(line.raw, visit?.request.socket ?? line.raw, fault.effect)
    return true
  }

  private take(at: TriggerName, occasion: Partial<Occasion>): Fault | undefined {
    return this.site.plan.take(this.name, at, { ...occasion, now_ms: this.site.now() })
  }

  private fired(fault: Fault, at: TriggerName, line: Line, visit?: Visit): void {
    const { name: hop, site } = this
    const where = { hop, at, effect: fault.effect.type, request: visit?.id, peer: line.peer }
    site.journal({ event: 'fault', t: site.now(), fault: fault.id, ...where })
  }
}

/** As long as `HTTP/1.1 200`: what a peer needs to know the status. */
const STATUS_LINE_BYTES = 12

/** One request that was read, for the journal. */
class Visit {
  readonly id: string
  private readonly started = monotonicMs()
  private readonly ordinal: number
  private bytes = 0
  private booked = false

  constructor(
    private readonly site: Site,
    private readonly hop: string,
    readonly line: Line,
    readonly request: IncomingMessage,
  ) {
    this.ordinal = line.requests
    this.id = (request.headers['x-request-id'] as string | undefined) ?? ''
  }

  read(bytes: number): void {
    this.bytes += bytes
  }

  book(outcome: 'answered' | 'faulted' | 'aborted', status?: number, health?: true): void {
    if (this.booked) return
    this.booked = true
    this.site.journal({
      event: 'served',
      t: this.site.now(),
      hop: this.hop,
      peer: this.line.peer,
      request: this.id,
      method: this.request.method!,
      path: this.request.url!,
      ordinal: this.ordinal,
      status: outcome === 'aborted' ? undefined : status,
      request_bytes: this.bytes,
      outcome,
      health,
      ms: roundMs(monotonicMs() - this.started),
    })
  }
}
