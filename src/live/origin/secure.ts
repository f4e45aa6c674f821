/** TLS at an origin: reads the ClientHello, then runs the server's side of the handshake, both at the mercy of faults. */
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { type Faults, sourceOf } from '../faults.js'
import { type Hello, readHello } from '../hello.js'
import type { Site } from '../site.js'
import type { HttpLine } from './visit.js'

export class Secure {
  constructor(
    private readonly site: Site,
    private readonly hop: string,
    private readonly faults: Faults,
    /** Gets the stream on which HTTP is spoken. */
    private readonly speak: (line: HttpLine, stream: Socket) => void,
  ) {}

  async accept(line: HttpLine): Promise<void> {
    const { raw, peer } = line
    const hello = await readHello(raw)
    if (raw.destroyed) return
    if (!hello) return void raw.destroy()
    const { ja3, ja4, sni } = hello
    this.site.journal({ event: 'hello', t: this.site.now(), hop: this.hop, peer, ja3, ja4, sni })
    this.faults.meet('client_hello', line, hello, { goOn: () => void this.handshake(line, hello) })
  }

  private async handshake(line: HttpLine, hello: Hello): Promise<void> {
    const fault = this.faults.take('handshake', { source: sourceOf(line), ...hello })
    if (fault) this.faults.fired(fault, line)
    const wrong = fault?.effect.type === 'certificate' ? fault.effect.kind : undefined
    const pair = await this.site.certificates.of(this.hop, wrong)
    if (line.raw.destroyed) return
    const secure = new TLSSocket(line.raw, { isServer: true, secureContext: createSecureContext(pair) })
    secure.on('error', () => {})
    secure.once('secure', () => this.speak(line, secure))
  }
}
