/**
 * The mini reverse proxy: fastify and @fastify/http-proxy in front, our Dispatcher behind. It checks nothing twice and
 * decides nothing: which server, which failure and which words come from the core and the dialects.
 */
import { type IncomingMessage, METHODS } from 'node:http'
import type { Socket } from 'node:net'
import httpProxy from '@fastify/http-proxy'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from 'fastify'
import type { Turn } from '../../core/proxy/passive_health/index.js'
import { createRateLimit, type Refused } from '../../core/proxy/rate_limit.js'
import { dialectOf } from '../../dialects/index.js'
import type { ProxyHop } from '../../scenario/hops.js'
import { alignedMs, startTimer, stopTimer, type Timer } from '../clock.js'
import { listenAt, trackSockets } from '../listen.js'
import type { Address, Site, Target } from '../site.js'
import { dialOptions, serverOptions } from '../tls.js'
import { createCaching } from './caching.js'
import { UpstreamDispatcher, UpstreamError, type UpstreamRequest } from './dispatcher.js'
import { createErrorLogging, type ErrorLogging } from './error_log.js'
import { Downstream } from './front.js'
import { goAlone, goOn, needsOwnConnection, takenBy, whenTaken } from './go_alone.js'
import { keepTarget, requestHeaders, setHost } from './headers.js'
import { createHealthChecks, type HealthChecks } from './health_checks.js'
import { type Refusals, refusals } from './refusal.js'
import { hasBody, RequestBody } from './request_body.js'
import { checkRequest, RequestRefused } from './request_check.js'
import { reachOf } from './targets.js'
import { takeUpgrades } from './upgrade.js'

/** Starts the proxy hop `name` and resolves once it listens; it is closed by the site's scope. */
export async function startProxy(site: Site, name: string, hop: ProxyHop): Promise<Address> {
  const tls = await dialOptions(site.certificates, name, hop.upstream_tls)
  const reach = reachOf(site, name, hop, tls)
  const dialect = dialectOf(hop)
  const log = createErrorLogging(site, name, dialect)
  const of = (request: UpstreamRequest): Downstream => (request as ProxiedRequest).downstream
  const dispatcher = new UpstreamDispatcher(site, hop, reach, {
    failed: (request, failure, target) => log.failed(of(request), failure, target),
    noted: (request, note, target) => log.noted(of(request), note, target),
    turned(request, turned, server, target, by) {
      if (turned === 'doubted' || turned === 'down') checks?.hurry(server)
      bookTurn(site, name, turned, target)
      if (turned === 'excluded') log.excluded(of(request), target, by)
    },
    turnedBeside(server, turned, target, why) {
      if (turned === 'down') checks?.hurry(server)
      bookTurn(site, name, turned, target, why)
    },
    denied(request, how) {
      of(request).denied = how
    },
  })
  const { health_check, to } = hop
  const advance = () => dispatcher.advance()
  const checks = health_check && createHealthChecks(site, name, { health_check, to }, reach, advance)
  followMembership(site, name, hop, dispatcher, checks)
  site.scope.add(() => dispatcher.destroy())
  const refusing = refusals(site, name, dialect)
  const app = await createFront(site, name, hop, refusing)
  // Bodies are streamed: where fastify expects none, no parser of its own may take or refuse one.
  for (const method of METHODS) {
    if (method !== 'CONNECT') app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  }
  const limiting = hop.rate_limit && createRateLimit(hop.rate_limit)
  const caching = hop.cache && createCaching(name, hop.cache)
  const via = [`1.0 ${name}`, `1.1 ${name}`] as const
  const patienceMs = hop.timeouts.reply
  const send = (upstream: ProxiedRequest): void => {
    const { downstream } = upstream
    if (caching) caching.handle(upstream, downstream, (handler) => dispatcher.dispatch(upstream, handler))
    else dispatcher.dispatch(upstream, downstream)
  }
  let count = 0
  await app.register(httpProxy, {
    // Asked for by the plugin, dialled by nobody: the handler below takes every request.
    upstream: 'http://upstream.invalid',
    httpMethods: app.supportedMethods as HTTPMethods[],
    handler(request: FastifyRequest, reply: FastifyReply) {
      const raw = request.raw
      if (refusing.done(raw.socket)) return reply.hijack()
      checkRequest(raw, raw.url, dialect.anyHost)
      const given = raw.headers['x-request-id'] as string | undefined
      const id = given ?? `${name}-${++count}`
      const headers = requestHeaders(
        raw.rawHeaders,
        given === undefined ? id : undefined,
        dialect.via ? via[raw.httpVersionMinor as 0 | 1] : undefined,
      )
      reply.hijack()
      const downstream = new Downstream(site, name, dialect, id, raw, reply.raw, patienceMs, log)
      const body = hasBody(raw)
      if (dialect.takesBodies !== undefined && body) goOn(raw, reply.raw)
      const takes = body && takenBy(dialect, raw)
      const once = needsOwnConnection(raw, body && !takes) ? goAlone(raw, headers) : undefined
      const upstream = new ProxiedRequest(raw, headers, body, once, downstream)
      const refused = limiting?.admit(alignedMs(), upstream.client)
      if (refused) return refuseOverRate(log, downstream, refused)
      if (takes) whenTaken(dialect, raw, headers, () => send(upstream))
      else send(upstream)
    },
  } as Parameters<typeof httpProxy>[1])
  await app.ready()
  // Not awaited: the plugin ends its part with a setImmediate, which a suite may have faked. Sockets are ours to close.
  site.scope.add(() => void app.close())
  trackSockets(site, app.server)
  return listenAt(site, name, app.server, hop.port)
}

/** What the dispatcher and a balancer may know of a request; most of it is only looked up where it is wanted. */
class ProxiedRequest implements UpstreamRequest {
  readonly method: string
  readonly path: string
  readonly tries: UpstreamRequest['tries']
  readonly openBody: UpstreamRequest['openBody']

  constructor(
    private readonly raw: IncomingMessage,
    readonly headers: string[],
    body: boolean,
    readonly once: UpstreamRequest['once'],
    readonly downstream: Downstream,
  ) {
    this.method = raw.method!
    this.path = raw.url!
    this.tries = downstream.tries
    this.openBody = body ? () => new RequestBody(raw) : null
  }

  get client(): string {
    return this.raw.socket.remoteAddress ?? ''
  }

  /** Something was answered there before. */
  get later(): boolean {
    return this.raw.socket.bytesWritten > 0
  }

  header(name: string): string | undefined {
    return this.raw.headers[name]?.toString()
  }
}

/** What is forwarded has no schema; without this Fastify loads its compilers of those, a hundred modules. */
const NO_SCHEMAS = {
  compilersFactory: { buildValidator: () => () => () => true, buildSerializer: () => () => JSON.stringify },
}

async function createFront(site: Site, name: string, hop: ProxyHop, refusing: Refusals): Promise<FastifyInstance> {
  // Whole milliseconds are all that Node takes.
  const client = Math.ceil(hop.timeouts.client)
  const limits = {
    // Told with a Proxy-Status when it is missing.
    requireHostHeader: false,
    headersTimeout: Math.min(60_000, client),
    requestTimeout: client,
    connectionsCheckingInterval: Math.min(30_000, Math.max(20, Math.ceil(client / 4))),
  }
  const refuse = (error: Error, { raw }: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (refusing.done(raw.socket)) return reply.hijack()
    const { message, fields } =
      error instanceof RequestRefused ? error : new RequestRefused('request target not accepted')
    reply.hijack()
    refusing.answer(400, message, raw, reply.raw, fields)
    return reply
  }
  const options = {
    logger: false,
    requestTimeout: client,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    rewriteUrl: originForm,
    clientErrorHandler: refusing.clientError,
    frameworkErrors: refuse,
    schemaController: NO_SCHEMAS,
  }
  const app = hop.tls
    ? Fastify({
        ...options,
        https: { ...limits, ...(await serverOptions(site.certificates, name, hop.tls)) },
      } as object)
    : Fastify({ ...options, http: limits } as object)
  app.setErrorHandler(refuse)
  // By the book the server behind says whether to go on (RFC 9110 section 10.1.1): Node does not say it first.
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response))
  takeUpgrades(app.server, hop.tls ? 'secureConnection' : 'connection')
  app.server.on('connect', (request, socket) => refusing.connect(request, socket as Socket))
  app.server.on('checkExpectation', (request, response) => {
    if (refusing.done(request.socket)) return
    refusing.answer(417, 'expectation other than 100-continue', request, response)
  })
  return app as FastifyInstance
}

/** A client may send the absolute form; its authority is then the Host (RFC 9112 section 3.2.2). */
function originForm(request: IncomingMessage): string {
  const url = request.url!
  if (url.charCodeAt(0) === 47) return url
  const absolute = /^https?:\/\/(?:[^/?#]*@)?([^/?#]+)/i.exec(url)
  if (!absolute) return url
  keepTarget(request)
  setHost(request, absolute[1]!)
  const rest = url.slice(absolute[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function refuseOverRate(log: ErrorLogging, downstream: Downstream, { failure, excess }: Refused): void {
  log.limited(downstream, excess)
  downstream.onError(new UpstreamError(failure, undefined))
}

function bookTurn(site: Site, hop: string, turned: Turn, target: Target, why?: string): void {
  if (!site.journaling || turned === 'doubted') return
  site.journal({ event: 'server', t: site.now(), hop, server: target.hop, state: turned, why })
}

/** Servers that join or leave do so at their time from the load's start, each time that one begins; so do checks. */
function followMembership(
  site: Site,
  hop: string,
  { to }: ProxyHop,
  dispatcher: UpstreamDispatcher,
  checks: HealthChecks | undefined,
): void {
  const timers: Timer[] = []
  const stop = () => {
    for (const timer of timers.splice(0)) stopTimer(timer)
  }
  site.scope.add(stop)
  site.onLoadStart(() => {
    stop()
    for (const server of dispatcher.servers.all) {
      const { joins, leaves } = server.config
      const turn = (at: number | undefined, state: 'joined' | 'left', act: () => void) => {
        if (at === undefined) return
        const carryOut = () => {
          act()
          site.journal({ event: 'server', t: site.now(), hop, server: to[server.index]!.hop, state })
          dispatcher.advance()
        }
        if (at === 0) carryOut()
        else timers.push(startTimer(at, carryOut))
      }
      server.member = joins === undefined
      if (server.member) checks?.begin(server)
      else checks?.end(server)
      turn(joins, 'joined', () => {
        checks?.begin(server)
        server.join(alignedMs())
      })
      turn(leaves, 'left', () => {
        checks?.end(server)
        server.leave()
      })
    }
  })
}
