/** What a client of a gateway says before it knows whether there is a tunnel: kept for whom it is meant. */
import type { Socket } from 'node:net'

/** More than that waits in the kernel. */
const LIMIT_BYTES = 65_536

export class EarlyBytes {
  private readonly chunks: Buffer[] = []
  private held: number

  /** The client is read from now on: so it is noticed when it leaves. */
  constructor(
    private readonly client: Socket,
    head: Buffer,
  ) {
    if (head.length > 0) this.chunks.push(head)
    this.held = head.length
    client.on('data', this.keep)
  }

  /** The client says it again to whoever reads next. */
  giveBack(): void {
    this.client.removeListener('data', this.keep).pause()
    const bytes = Buffer.concat(this.chunks.splice(0))
    if (bytes.length > 0) this.client.unshift(bytes)
  }

  drop(): void {
    this.client.removeListener('data', this.keep)
    this.chunks.length = 0
  }

  private readonly keep = (chunk: Buffer): void => {
    this.chunks.push(chunk)
    this.held += chunk.length
    if (this.held >= LIMIT_BYTES) this.client.pause()
  }
}
