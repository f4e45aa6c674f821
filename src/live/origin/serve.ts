/**
 * The requests of an origin, one at a time on each connection: node:http parses them, faults may take them at every
 * moment, and what is not taken is answered. The order of the moments is here; each is in a file of its own.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { refusalOf } from '../../core/origin/framing.js'
import { createOperations, KEY_LIMIT, type Operations } from '../../core/origin/operations.js'
import type { ResponseConfig } from '../../core/origin/response.js'
import type { OriginHop } from '../../scenario/hops.js'
import { isCheck } from '../check_mark.js'
import { type Faults, sourceOf } from '../faults.js'
import { later } from '../later.js'
import type { Site } from '../site.js'
import { close } from '../wire.js'
import { echoBody } from './echo.js'
import { type Exchange, momentOf } from './exchange.js'
import { takeIn } from './intake.js'
import { play } from './playback.js'
import { responseBody } from './respond.js'
import { framingOf, type ParseError, refuseFraming, refuseUnparsed } from './strictness.js'
import { type HttpLine, Visit } from './visit.js'
import { asksForWebSocket, Echoes, openResponse } from './websocket.js'
import type { Workers } from './workers.js'

export class Server {
  private readonly lines = new WeakMap<Socket, HttpLine>()
  private readonly http = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 })
  private readonly echoes = new Echoes()
  /** Of every usual response, unless it tells what arrived. */
  private readonly body: Buffer
  private readonly operations: Operations | undefined

  constructor(
    private readonly site: Site,
    private readonly name: string,
    private readonly hop: OriginHop,
    private readonly faults: Faults,
    private readonly workers: Workers | undefined,
  ) {
    this.body = responseBody(hop.response)
    const full = () => site.broken(`more than ${KEY_LIMIT} operations at "${name}"`)
    this.operations = hop.operations && createOperations(hop.operations, full)
    this.http.on('request', (request, response) => this.inTurn(request, response))
    // Without that listener node:http serves a request as if nothing else had been asked for.
    if (hop.websocket) {
      this.http.on('upgrade', (request, socket, head) =>
        this.inTurn(request, openResponse(request, socket as Socket, head)),
      )
    }
    this.http.on('clientError', (error: ParseError, socket) => {
      const line = this.lines.get(socket as Socket)!
      if (!refuseUnparsed(site, name, hop.request_framing, error, socket as Socket, line)) refuse(socket as Socket)
    })
  }

  /** HTTP from here on. */
  speak(line: HttpLine, stream: Socket): void {
    this.lines.set(stream, line)
    this.http.emit('connection', stream)
  }

  /** A request that follows another one in the pipe waits until that is answered. */
  private inTurn(request: IncomingMessage, response: ServerResponse): void {
    if (response.socket) this.serve(request, response)
    else response.once('socket', () => this.serve(request, response))
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const line = this.lines.get(request.socket)!
    if (line.over) return void request.resume()
    for (const callOff of line.waiting.splice(0)) callOff()
    line.requests++
    const visit = new Visit(this.site, this.name, line, request, this.hop.keep_body)
    if (this.hop.response.echo) visit.hash = createHash('sha256')
    if (request.url === this.hop.health) return this.health(visit, request, response)
    const { method, url: path, headers } = request
    const mark = isCheck(request) ? undefined : this.faults.mark(visit.id)
    const exchange = {
      visit,
      request,
      response,
      occasion: { method, path, headers, source: sourceOf(line), ordinal: line.requests, ...mark },
    }
    response.on('finish', () => this.finished(exchange))
    response.on('close', () => visit.book('aborted'))
    const moment = momentOf(exchange, { goOn: () => this.read(exchange), respond: this.early(exchange) })
    this.faults.meet('request_head', line, exchange.occasion, moment)
  }

  private health(visit: Visit, request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    response.on('close', () => visit.book('answered', 200, true))
    response.end('healthy\n')
  }

  private read(exchange: Exchange): void {
    const refusal = refusalOf(this.hop.request_framing, framingOf(exchange.request))
    if (refusal) return refuseFraming(exchange, refusal, this.early(exchange))
    if (asksForWebSocket(exchange.request)) return this.work(exchange)
    takeIn(this.faults, exchange, () => this.work(exchange), this.early(exchange))
  }

  /** Another response than the usual one, before the work. */
  private early(exchange: Exchange): (config: ResponseConfig) => void {
    return (config) => this.respond(exchange, config)
  }

  /** The request is there: what an origin does for it comes before the answer. */
  private work(exchange: Exchange): void {
    const websocket = asksForWebSocket(exchange.request)
    const usual = () => (websocket ? this.echoes.accept(exchange) : this.respond(exchange, this.hop.response))
    if (this.workers)
      return this.workers.take(
        exchange,
        () => this.apply(exchange),
        (other) => (other ? this.early(exchange)(other) : usual()),
      )
    this.apply(exchange)
    usual()
  }

  private apply({ visit, request }: Exchange): void {
    const key = this.hop.operations && request.headers[this.hop.operations.key.toLowerCase()]
    if (this.operations === undefined || typeof key !== 'string') return
    const applied = this.operations.apply(key)
    this.site.journal({ event: 'operation', t: this.site.now(), hop: this.name, request: visit.id, key, applied })
  }

  private respond(exchange: Exchange, config: ResponseConfig): void {
    const usual = config === this.hop.response
    exchange.visit.promises(retryAfterOf(config))
    const body = config.echo ? echoBody(exchange.visit) : usual ? this.body : responseBody(config)
    play(this.faults, exchange, config, body)
  }

  private finished({ visit, request, response }: Exchange): void {
    // A socket that was destroyed drops what it held, and its writes count as finished all the same.
    visit.book(request.socket.destroyed ? 'aborted' : (visit.turnedAway ?? 'answered'), response.statusCode)
    if (response.shouldKeepAlive && !visit.line.over) this.idle(visit.line, request.socket)
  }

  /** Until the next request. */
  private idle(line: HttpLine, stream: Socket): void {
    for (const after of this.faults.afters('idle')) {
      const act = () => this.faults.meet('idle', line, { after }, { stream, goOn: () => {} })
      line.waiting.push(later(line.raw, after, act))
    }
  }
}

const retryAfterOf = ({ headers }: ResponseConfig): string | undefined =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'retry-after')?.[1]

/** What is not HTTP, a ClientHello for one, gets the answer that nginx, Apache and Node have for it. */
function refuse(socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  close(socket)
}
