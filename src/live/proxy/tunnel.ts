/**
 * The two connections of a request once another protocol is spoken on them: bytes are counted and passed on, and so is
 * the way in which either side ends. The proxy's front holds one; it knows no WebSocket.
 */
import type { Socket } from 'node:net'
import { pass } from '../pass.js'

export class Tunnel {
  /** Bytes from the client, and from the upstream. */
  private up = 0
  private down = 0
  private readonly part: () => void
  /** The client ended it with an RST. */
  clientLeft = false

  /** @param head what the client is told before the first byte */
  constructor(
    private readonly client: Socket,
    upstream: Socket,
    head: Buffer,
  ) {
    client.setTimeout(0)
    client.on('error', () => {
      this.clientLeft = true
    })
    client.allowHalfOpen = true
    upstream.allowHalfOpen = true
    client.write(head)
    client.on('data', (chunk: Buffer) => {
      this.up += chunk.length
    })
    upstream.on('data', (chunk: Buffer) => {
      this.down += chunk.length
    })
    this.part = pass(client, upstream)
  }

  get bytes(): { up_bytes: number; down_bytes: number } {
    return { up_bytes: this.up, down_bytes: this.down }
  }

  /** The proxy itself ends it: FIN, behind what was passed on. */
  close(): void {
    this.part()
    this.client.destroySoon()
  }
}
