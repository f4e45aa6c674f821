/**
 * The mini reverse proxy: fastify and @fastify/http-proxy in front, our Dispatcher behind. It checks nothing twice and
 * decides nothing: which server, which failure and which words come from the core and the dialects.
 */
import { METHODS } from 'node:http'
import type { Socket } from 'node:net'
import httpProxy from '@fastify/http-proxy'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from 'fastify'
import type { Failure } from '../../core/failure.js'
import { clientLeftLine, errorLogLine } from '../../dialects/nginx.js'
import { proxyStatusMember } from '../../dialects/rfc9209.js'
import type { ProxyHop } from '../../scenario/hops.js'
import { listenAt, trackSockets } from '../listen.js'
import { type Address, formatAddress, type Site, type Target } from '../site.js'
import { UpstreamDispatcher, type UpstreamRequest } from './dispatcher.js'
import { Downstream } from './front.js'
import { requestHeaders } from './headers.js'
import { hasBody, RequestBody } from './request_body.js'

/** Starts the proxy hop `name` and resolves once it listens; it is closed by the site's scope. */
export async function startProxy(site: Site, name: string, hop: ProxyHop): Promise<Address> {
  const dispatcher = new UpstreamDispatcher(site, hop, (request, failure, target) =>
    logFailure(site, name, request as ProxiedRequest, failure, target),
  )
  site.scope.add(() => dispatcher.destroy())
  const app = await createFront(site, name, hop)
  // Bodies are streamed: no parser of fastify's may take them.
  app.removeAllContentTypeParsers()
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  let count = 0
  await app.register(httpProxy, {
    // Asked for by the plugin, dialled by nobody: the handler below takes every request.
    upstream: 'http://upstream.invalid',
    httpMethods: app.supportedMethods as HTTPMethods[],
    handler(request: FastifyRequest, reply: FastifyReply) {
      reply.hijack()
      const raw = request.raw
      const given = raw.headers['x-request-id'] as string | undefined
      const id = given ?? `${name}-${++count}`
      const downstream = new Downstream(site, name, id, raw, reply.raw, (left) => logClientLeft(site, name, left))
      const upstream: ProxiedRequest = {
        method: raw.method!,
        path: raw.url!,
        headers: requestHeaders(raw.rawHeaders, given === undefined ? id : undefined),
        openBody: hasBody(raw) ? () => new RequestBody(raw) : null,
        tries: downstream.tries,
        downstream,
      }
      dispatcher.dispatch(upstream, downstream)
    },
  } as Parameters<typeof httpProxy>[1])
  await app.ready()
  // Not awaited: the plugin ends its part with a setImmediate, which a suite may have faked. Sockets are ours to close.
  site.scope.add(() => void app.close())
  trackSockets(site, app.server)
  return listenAt(site, name, app.server, hop.port)
}

interface ProxiedRequest extends UpstreamRequest {
  downstream: Downstream
}

async function createFront(site: Site, name: string, hop: ProxyHop): Promise<FastifyInstance> {
  const limits = {
    headersTimeout: Math.min(60_000, hop.timeouts.client),
    requestTimeout: hop.timeouts.client,
    connectionsCheckingInterval: Math.min(30_000, Math.max(20, hop.timeouts.client / 4)),
  }
  const options = {
    logger: false,
    requestTimeout: hop.timeouts.client,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    // A client may send the absolute form (RFC 9112 section 3.2.2).
    rewriteUrl: (request: { url?: string }) => originForm(request.url!),
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => refuse(site, name, error, socket),
  }
  const app = hop.tls
    ? Fastify({ ...options, https: { ...limits, ...(await site.certificates.of(name)) } } as object)
    : Fastify({ ...options, http: limits } as object)
  app.setErrorHandler((_error, request, reply) => {
    bookRefusal(site, name, 400, 'request target not accepted', request.raw.method, request.raw.url)
    return reply.code(400).headers(refusalHeaders(name, 400)).send()
  })
  return app as FastifyInstance
}

function originForm(url: string): string {
  if (url.charCodeAt(0) === 47) return url
  const scheme = /^https?:\/\/[^/?#]*/i.exec(url)
  if (!scheme) return url
  const rest = url.slice(scheme[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** A request that Node's parser or its time limits refused: a 4xx where one can still be sent, else a close. */
function refuse(site: Site, name: string, error: NodeJS.ErrnoException, socket: Socket): void {
  const answering = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent
  if (!socket.writable || error.code === 'ECONNRESET' || answering) return void socket.destroy()
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const head = Object.entries(refusalHeaders(name, status)).map(([field, value]) => `${field}: ${value}\r\n`)
  socket.write(
    `HTTP/1.1 ${status} ${PHRASES[status]}\r\n${head.join('')}Content-Length: 0\r\nConnection: close\r\n\r\n`,
  )
  socket.destroySoon()
  bookRefusal(site, name, status, error.code ?? error.message)
}

const PHRASES: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

const requestRefused = (details: string): Failure => ({
  type: 'http_request_error',
  stage: 'select',
  manner: 'http',
  details,
})

function refusalHeaders(name: string, status: number): Record<string, string> {
  const details = PHRASES[status]!.toLowerCase()
  return {
    'Proxy-Status': proxyStatusMember(name, { failure: requestRefused(details) }),
    'X-Proxy-Error': 'client_request_refused',
  }
}

function bookRefusal(site: Site, hop: string, status: number, details: string, method = '', path = ''): void {
  const failure = requestRefused(details)
  const t = site.now()
  site.journal({
    event: 'forward',
    t,
    hop,
    request: '',
    method,
    path,
    tries: [],
    status,
    failure,
    proxy_error: 'client_request_refused',
    ms: 0,
  })
}

function logFailure(site: Site, hop: string, upstream: ProxiedRequest, failure: Failure, target: Target): void {
  if (!site.journaling) return
  const { level, message } = errorLogLine(failure, logContext(hop, upstream.downstream, target))
  site.journal({ event: 'log', t: site.now(), hop, request: upstream.downstream.id, level, line: message })
}

function logClientLeft(site: Site, hop: string, downstream: Downstream): void {
  if (!site.journaling) return
  const { level, message } = clientLeftLine(logContext(hop, downstream, undefined))
  site.journal({ event: 'log', t: site.now(), hop, request: downstream.id, level, line: message })
}

function logContext(hop: string, { request }: Downstream, target: Target | undefined) {
  const scheme = target?.servername === undefined ? 'http' : 'https'
  return {
    client: request.socket.remoteAddress ?? '-',
    server: hop,
    request: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
    upstream: target ? `${scheme}://${formatAddress(target)}${request.url}` : undefined,
    host: request.headers.host,
    serverName: target?.servername,
  }
}
