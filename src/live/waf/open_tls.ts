/** The server's side of TLS at a firewall, in the name of the hop behind it. waf.ts calls it with a ClientHello unread. */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { ServerTls } from '../../core/tls.js'
import type { Line } from '../faults.js'
import type { Site } from '../site.js'
import { serverOptions } from '../tls.js'

/** `speak` gets the stream once the handshake is done; where it fails, nobody hears of it but the peer. */
export type OpenTls = (line: Line, speak: (stream: Socket) => void) => void

/** @param hop whose certificates it shows */
export async function openTls(site: Site, hop: string, options: ServerTls): Promise<OpenTls> {
  const server = createServer({
    ...(await serverOptions(site.certificates, hop, options)),
    // Every handshake is a full one, with the same fingerprint.
    secureOptions: constants.SSL_OP_NO_TICKET,
  })
  const underWay = new Map<string, (stream: Socket) => void>()
  server.on('secureConnection', (stream) => underWay.get(`${stream.remoteAddress}:${stream.remotePort}`)?.(stream))
  return ({ raw, peer }, speak) => {
    underWay.set(peer, speak)
    raw.once('close', () => underWay.delete(peer))
    server.emit('connection', raw)
  }
}
