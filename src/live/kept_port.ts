/**
 * Keeps a port of ours while nobody listens at it: the kernel might give it to another program otherwise, which would
 * then answer where a refusal is wanted. A connection from that port takes it, and is no listener. Addresses that are
 * refused, processes that have died and real proxies that are to start have one.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

const HOST = '127.0.0.1'

export class KeptPort {
  private held: Socket | undefined
  /** The other ends: ours, and whoever took the sink for somebody else. */
  private readonly accepted = new Set<Socket>()

  private constructor(
    private readonly port: number,
    private readonly sink: Server,
  ) {
    sink.on('connection', (socket) => {
      this.accepted.add(socket)
      socket.on('error', () => {}).once('close', () => this.accepted.delete(socket))
    })
  }

  /** Resolves with one that keeps nothing yet. */
  static async prepare(port: number): Promise<KeptPort> {
    const sink = createServer()
    await new Promise<void>((resolve, reject) => sink.once('error', reject).listen(0, HOST, resolve))
    return new KeptPort(port, sink)
  }

  /** Resolves when the port is kept: with false where somebody was faster, and it is not. */
  take(): Promise<boolean> {
    if (this.held) return Promise.resolve(true)
    const { port } = this.sink.address() as { port: number }
    const held = connect({ host: HOST, port, localAddress: HOST, localPort: this.port })
    this.held = held
    return new Promise((resolve) => {
      held
        .once('connect', () => resolve(true))
        .on('error', () => {
          if (this.held === held) this.held = undefined
          resolve(false)
        })
    })
  }

  release(): void {
    this.held?.resetAndDestroy()
    this.held = undefined
  }

  close(): Promise<void> {
    this.release()
    const closed = new Promise<void>((resolve) => this.sink.close(() => resolve()))
    for (const socket of this.accepted) socket.destroy()
    return closed
  }
}
