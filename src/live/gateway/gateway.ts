/**
 * The gateway hop: a forward proxy on node:http (fastify knows no CONNECT). It reads who asks and for what, and hands over
 * to a tunnel or to a forwarding; whether it may be is core/gateway's to say.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { admit } from '../../core/gateway/credentials.js'
import { readAbsolute, readAuthority } from '../../core/gateway/destination.js'
import type { DialTls } from '../../core/tls.js'
import { rfc9209 } from '../../dialects/rfc9209.js'
import type { GatewayHop } from '../../scenario/hops.js'
import { listenAt, trackSockets } from '../listen.js'
import { fingerprints } from '../profiles.js'
import { UpstreamError } from '../proxy/dispatcher.js'
import { Downstream } from '../proxy/front.js'
import { goAlone, needsOwnConnection } from '../proxy/go_alone.js'
import { requestHeaders, setHost } from '../proxy/headers.js'
import { type Refusals, refusals } from '../proxy/refusal.js'
import { hasBody, RequestBody } from '../proxy/request_body.js'
import { checkRequest, RequestRefused } from '../proxy/request_check.js'
import { whenAnswered } from '../proxy/turn.js'
import { takeUpgrades } from '../proxy/upgrade.js'
import type { Address, Site } from '../site.js'
import { dialOptions } from '../tls.js'
import { createDestinations } from './destinations.js'
import { createDoors, mustBeBindable } from './exit_doors.js'
import { Forwarding } from './forwarding.js'
import type { GatewayParts } from './parts.js'
import { createPools } from './pools.js'
import { createRoom } from './room.js'
import { exitsOf, Traffic } from './traffic.js'
import { Tunneling } from './tunneling.js'

/** Starts the gateway hop `name` and resolves once it listens; it is closed by the site's scope. */
export async function startGateway(site: Site, name: string, hop: GatewayHop): Promise<Address> {
  const exits = exitsOf(hop)
  if (hop.exits) await mustBeBindable(name, exits)
  const speaking = await profilesOf(site, name, hop)
  const parts: GatewayParts = {
    site,
    name,
    hop,
    destinations: createDestinations(site, name, hop, speaking),
    pools: createPools(site, hop),
    room: createRoom(hop),
    traffic: new Traffic(site, name, hop, [...speaking.keys()]),
    doors: createDoors(site, name, exits),
    fingerprints: new Map((await fingerprints()).map((one) => [one.profile, one])),
    tunnels: new Set(),
  }
  const refusing = refusals(site, name, rfc9209)
  const server = createFront(hop)
  const nextId = counter(name)
  server.on('request', (request, response) => forward(parts, refusing, nextId, request, response))
  server.on('connect', (request, socket, head) =>
    whenAnswered(socket as Socket, () => tunnel(parts, refusing, nextId, request, socket as Socket, head)),
  )
  takeUpgrades(server, 'connection')
  server.on('clientError', refusing.clientError)
  server.on('checkExpectation', (request, response) => {
    if (!refusing.done(request.socket)) refusing.answer(417, 'expectation other than 100-continue', request, response)
  })
  journalConnections(site, name, server)
  site.scope.add(() => closeAll(parts))
  site.onLoadEnd((signal) => leftOnesDone(parts, signal))
  trackSockets(site, server)
  return listenAt(site, name, server, hop.port)
}

/** How it speaks TLS, by the name of the profile; without profiles, in one way that has none, or that of upstream_tls. */
async function profilesOf(
  { certificates }: Site,
  name: string,
  { profiles, upstream_tls }: GatewayHop,
): Promise<ReadonlyMap<string, ConnectionOptions>> {
  const { verify, server_name, client_certificate } = upstream_tls
  const same = { verify, server_name, client_certificate }
  const ways: [string, DialTls][] =
    profiles.length > 0
      ? profiles.map((profile) => [profile, { ...same, profile }])
      : [[upstream_tls.profile ?? '', upstream_tls]]
  return new Map(
    await Promise.all(
      ways.map(async ([profile, options]) => [profile, await dialOptions(certificates, name, options)] as const),
    ),
  )
}

function createFront({ timeouts }: GatewayHop): Server {
  // Whole milliseconds are all that Node takes.
  const client = Math.ceil(timeouts.client)
  const server = createServer({
    requireHostHeader: false,
    headersTimeout: Math.min(60_000, client),
    requestTimeout: client,
    connectionsCheckingInterval: Math.min(30_000, Math.max(20, Math.ceil(client / 4))),
    noDelay: true,
  })
  // By the book the server behind says whether to go on (RFC 9110 section 10.1.1): Node does not say it first.
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
  return server
}

function counter(name: string): (request: IncomingMessage) => string {
  let count = 0
  return ({ headers }) => (headers['x-request-id'] as string | undefined) ?? `${name}-${++count}`
}

/** A connection that begins anew, with an upgrade that is not offered, is none more. */
function journalConnections(site: Site, hop: string, server: Server): void {
  const known = new WeakSet<Socket>()
  server.on('connection', (raw) => {
    if (known.has(raw)) return
    known.add(raw)
    site.journal({ event: 'connection', t: site.now(), hop, peer: `${raw.remoteAddress}:${raw.remotePort}` })
  })
}

/** A request in absolute form. */
function forward(
  parts: GatewayParts,
  refusing: Refusals,
  nextId: (request: IncomingMessage) => string,
  raw: IncomingMessage,
  response: ServerResponse,
): void {
  if (refusing.done(raw.socket)) return
  const { site, name, hop } = parts
  const asked = readAbsolute(raw.url!)
  if ('type' in asked) return refusing.answer(400, asked.details, raw, response)
  const id = nextId(raw)
  let headers: string[]
  try {
    setHost(raw, asked.authority)
    checkRequest(raw, asked.path)
    const added = raw.headers['x-request-id'] === undefined ? id : undefined
    headers = requestHeaders(raw.rawHeaders, added, `1.${raw.httpVersionMinor} ${name}`)
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error
    return refusing.answer(400, error.message, raw, response, error.fields)
  }
  const downstream = new Downstream(site, name, rfc9209, id, raw, response, hop.timeouts.reply, NO_LOG)
  downstream.own = ['Via', `1.1 ${name}`]
  const admitted = admit(hop.users, raw.headers['proxy-authorization'])
  if ('type' in admitted) return downstream.onError(new UpstreamError(admitted, undefined))
  const to = parts.destinations.find(asked)
  if (typeof to !== 'string') return downstream.onError(new UpstreamError(to, undefined))
  const body = hasBody(raw)
  const once = needsOwnConnection(raw, body) ? goAlone(raw, headers) : undefined
  const openBody = body ? () => new RequestBody(raw) : null
  const message = { method: raw.method!, path: asked.path, headers, once, openBody }
  new Forwarding(parts, { ...message, to, asked, session: admitted.session }, downstream).begin()
}

function tunnel(
  parts: GatewayParts,
  refusing: Refusals,
  nextId: (request: IncomingMessage) => string,
  request: IncomingMessage,
  client: Socket,
  head: Buffer,
): void {
  if (refusing.done(client)) return void client.destroy()
  const tunneling = new Tunneling(parts, nextId(request), request, client, head)
  const asked = readAuthority(request.url!)
  if ('type' in asked) return tunneling.refuse(asked)
  const admitted = admit(parts.hop.users, request.headers['proxy-authorization'])
  if ('type' in admitted) return tunneling.refuse(admitted)
  const to = parts.destinations.find(asked)
  if (typeof to !== 'string') return tunneling.refuse(to)
  const target = `${asked.host}:${asked.port}`
  tunneling.begin({ to, target, session: admitted.session })
}

async function closeAll({ tunnels, pools }: GatewayParts): Promise<void> {
  for (const tunnel of tunnels) tunnel.close()
  await pools.close()
}

/** Tunnels whose client is gone end as soon as the other side has heard of it; others are somebody else's to close. */
async function leftOnesDone({ tunnels }: GatewayParts, signal: AbortSignal): Promise<void> {
  const left = [...tunnels].filter(({ clientGone }) => clientGone)
  if (left.length === 0 || signal.aborted) return
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await Promise.race([aborted, Promise.all(left.map(({ booked }) => booked))])
}

/** What goes wrong is told by events alone. */
const NO_LOG = { clientLeft() {}, ended() {} }
