/** TLS at an origin: reads the ClientHello, then runs the server's side of the handshake, both at the mercy of faults. */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import type { Effect } from '../../core/fault/effects/index.js'
import type { ServerTls } from '../../core/tls.js'
import { type Faults, sourceOf } from '../faults.js'
import { type Hello, readHello } from '../hello.js'
import type { Site } from '../site.js'
import { serverOptions } from '../tls.js'
import { close } from '../wire.js'
import type { HttpLine } from './visit.js'

/** Gets the stream on which HTTP is spoken. */
type Speak = (line: HttpLine, stream: Socket) => void

/** Makes every key and certificate that it may need: no handshake waits for them. */
export async function startSecure(site: Site, hop: string, options: ServerTls, faults: Faults, speak: Speak) {
  const own = site.scenario.faults.filter(({ on, at }) => on === hop && at.type === 'handshake')
  const ways = [undefined, ...own].map(async (fault) => {
    const server = await createTlsServer(site, hop, options, fault?.effect)
    return [fault?.id, server] as const
  })
  return new Secure(site, hop, faults, new Map(await Promise.all(ways)), speak)
}

/** One way to speak TLS: the hop's own, or what an effect makes of it. It never listens. */
async function createTlsServer(site: Site, hop: string, own: ServerTls, effect: Effect | undefined): Promise<Server> {
  const wrong = effect?.type === 'certificate' ? effect.kind : undefined
  const options = effect?.type === 'tls' ? effect : own
  return createServer({
    ...(await serverOptions(site.certificates, hop, options, wrong)),
    // A client that resumed a session would not look at the certificate again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  })
}

export class Secure {
  /** Handshakes that are under way, by the peer's address. */
  private readonly lines = new Map<string, HttpLine>()

  constructor(
    private readonly site: Site,
    private readonly hop: string,
    private readonly faults: Faults,
    /** By the id of the fault that asks for it. */
    private readonly servers: ReadonlyMap<string | undefined, Server>,
    speak: Speak,
  ) {
    for (const server of servers.values()) {
      server.on('secureConnection', (stream) => {
        const line = this.lines.get(`${stream.remoteAddress}:${stream.remotePort}`)
        if (line) speak(line, stream)
      })
    }
  }

  async accept(line: HttpLine): Promise<void> {
    const { raw, peer } = line
    const hello = await readHello(raw)
    if (raw.destroyed) return
    // As OpenSSL does it when plain text comes: no word, just the end.
    if (!hello) return close(raw)
    const { ja3, ja4, sni } = hello
    this.site.journal({ event: 'hello', t: this.site.now(), hop: this.hop, peer, ja3, ja4, sni })
    this.faults.meet('client_hello', line, hello, { goOn: () => this.handshake(line, hello) })
  }

  private handshake(line: HttpLine, hello: Hello): void {
    const { raw, peer } = line
    const fault = this.faults.take('handshake', { source: sourceOf(line), ...hello })
    if (fault) this.faults.fired(fault, line)
    this.lines.set(peer, line)
    raw.once('close', () => this.lines.delete(peer))
    this.servers.get(fault?.id)!.emit('connection', raw)
  }
}
