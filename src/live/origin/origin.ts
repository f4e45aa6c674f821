/**
 * The fake origin: raw sockets under everything, so that it can misbehave at any moment and byte-exactly. Here a
 * connection is accepted; secure.ts speaks TLS on it, serve.ts HTTP.
 */
import { createServer, type Socket } from 'node:net'
import { ConnectionLimit } from '../../core/origin/connection_limit.js'
import type { OriginHop } from '../../scenario/hops.js'
import { Faults, sourceOf } from '../faults.js'
import { createGate } from '../gate.js'
import { listenAt, trackSockets } from '../listen.js'
import { type Address, formatEnd, type Site } from '../site.js'
import { close, reset } from '../wire.js'
import { Server } from './serve.js'
import type { HttpLine } from './visit.js'
import { Workers } from './workers.js'

/**
 * Starts the origin hop `name` and resolves once it listens; it is closed by the site's scope.
 * @param path of its unix socket, where it has one
 */
export async function startOrigin(site: Site, name: string, hop: OriginHop, path?: string): Promise<Address> {
  const faults = new Faults(site, name)
  const workers = hop.capacity && new Workers(site, name, hop.capacity)
  const http = new Server(site, name, hop, faults, workers)
  const speak = (line: HttpLine, stream: Socket) => http.speak(line, stream)
  const secure = hop.tls && (await (await import('./secure.js')).startSecure(site, name, hop.tls, faults, speak))
  const limit = hop.connection_limit && new ConnectionLimit(hop.connection_limit)
  let connections = 0
  const accept = (raw: Socket): void => {
    const peer = formatEnd(raw.remoteAddress, raw.remotePort)
    const line: HttpLine = { raw, peer, over: false, ordinal: ++connections, requests: 0, waiting: [] }
    const refused = limit?.refuses(sourceOf(line))
    site.journal({ event: 'connection', t: site.now(), hop: name, peer, refused })
    if (refused) return refused === 'reset' ? void reset(raw) : close(raw)
    if (limit) raw.once('close', () => limit.ended(sourceOf(line)))
    const goOn = () => (secure ? void secure.accept(line) : http.speak(line, raw))
    faults.meet('accept', line, {}, { goOn })
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept)
  trackSockets(site, server)
  const { when_full, backlog } = hop.capacity ?? {}
  if (when_full !== 'stop_accepting') return listenAt(site, name, server, path ?? hop.port)
  const address = await listenAt(site, name, server, hop.port, backlog)
  workers!.gate = await createGate(site, name, server, backlog!)
  return address
}
