/** TLS at an origin: reads the ClientHello, then runs the server's side of the handshake, both at the mercy of faults. */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import type { Fault } from '../../core/fault/fault.js'
import type { ServerTls } from '../../core/tls.js'
import { type Faults, sourceOf } from '../faults.js'
import { type Hello, readHello } from '../hello.js'
import type { Site } from '../site.js'
import { serverOptions } from '../tls.js'
import { close } from '../wire.js'
import type { HttpLine } from './visit.js'

export class Secure {
  /** One per way to speak TLS, by the id of the fault that asks for it; none of them listens. */
  private readonly servers = new Map<string | undefined, Promise<Server>>()
  /** Handshakes that are under way, by the peer's address. */
  private readonly lines = new Map<string, HttpLine>()

  constructor(
    private readonly site: Site,
    private readonly hop: string,
    private readonly options: ServerTls,
    private readonly faults: Faults,
    /** Gets the stream on which HTTP is spoken. */
    private readonly speak: (line: HttpLine, stream: Socket) => void,
  ) {}

  async accept(line: HttpLine): Promise<void> {
    const { raw, peer } = line
    const hello = await readHello(raw)
    if (raw.destroyed) return
    // As OpenSSL does it when plain text comes: no word, just the end.
    if (!hello) return close(raw)
    const { ja3, ja4, sni } = hello
    this.site.journal({ event: 'hello', t: this.site.now(), hop: this.hop, peer, ja3, ja4, sni })
    this.faults.meet('client_hello', line, hello, { goOn: () => void this.handshake(line, hello) })
  }

  private async handshake(line: HttpLine, hello: Hello): Promise<void> {
    const fault = this.faults.take('handshake', { source: sourceOf(line), ...hello })
    const server = await this.server(fault)
    const { raw, peer } = line
    if (raw.destroyed) return
    if (fault) this.faults.fired(fault, line)
    this.lines.set(peer, line)
    raw.once('close', () => this.lines.delete(peer))
    server.emit('connection', raw)
  }

  private server(fault: Fault | undefined): Promise<Server> {
    const known = this.servers.get(fault?.id) ?? this.start(fault)
    this.servers.set(fault?.id, known)
    return known
  }

  private async start(fault: Fault | undefined): Promise<Server> {
    const effect = fault?.effect
    const wrong = effect?.type === 'certificate' ? effect.kind : undefined
    const options = effect?.type === 'tls' ? effect : this.options
    const server = createServer({
      ...(await serverOptions(this.site.certificates, this.hop, options, wrong)),
      // A client that resumed a session would not look at the certificate again.
      secureOptions: constants.SSL_OP_NO_TICKET,
    })
    return server.on('secureConnection', (stream) => {
      const line = this.lines.get(`${stream.remoteAddress}:${stream.remotePort}`)
      if (line) this.speak(line, stream)
    })
  }
}
