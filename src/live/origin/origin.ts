/**
 * The fake origin: raw sockets under everything, so that it can misbehave at any moment and byte-exactly. Here a
 * connection is accepted; secure.ts speaks TLS on it, serve.ts HTTP.
 */
import { createServer, type Socket } from 'node:net'
import type { OriginHop } from '../../scenario/hops.js'
import { listenAt, trackSockets } from '../listen.js'
import type { Address, Site } from '../site.js'
import { Faults } from './faults.js'
import { Secure } from './secure.js'
import { Server } from './serve.js'
import type { Line } from './visit.js'

/** Starts the origin hop `name` and resolves once it listens; it is closed by the site's scope. */
export async function startOrigin(site: Site, name: string, hop: OriginHop): Promise<Address> {
  const faults = new Faults(site, name)
  const http = new Server(site, name, hop, faults)
  const secure = new Secure(site, name, faults, (line, stream) => http.speak(line, stream))
  const accept = (raw: Socket): void => {
    const line: Line = { raw, peer: `${raw.remoteAddress}:${raw.remotePort}`, requests: 0 }
    site.journal({ event: 'connection', t: site.now(), hop: name, peer: line.peer })
    if (faults.hit('accept', line, {})) return
    if (hop.tls) void secure.accept(line)
    else http.speak(line, raw)
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept)
  trackSockets(site, server)
  return listenAt(site, name, server, hop.port)
}
