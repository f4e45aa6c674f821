/**
 * A client's part once a server has switched to WebSocket: the answer to its key is checked, one message is sent, its
 * echo awaited, and the closing handshake made. `ws` reads and writes the frames; attempt.ts holds one.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import * as ws from 'ws'
import { type Failure, misspoken } from '../../core/failure.js'
import { fieldOf } from '../exchange.js'

/** What `ws` exports beside what its types tell. */
interface Frames {
  Receiver: new (options: { isServer: boolean; maxPayload: number }) => Writable
  Sender: new (
    socket: Socket,
  ) => {
    send(data: Buffer, options: { binary: boolean; compress: boolean; fin: boolean; mask: boolean }): void
    close(code: number, reason: string, mask: boolean): void
  }
}
const { Receiver, Sender } = ws as unknown as Frames

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const MESSAGE_LIMIT = 100 * 1024 * 1024

export class Conversation {
  private readonly key = randomBytes(16).toString('base64')
  /** What is wrong with what was said; undefined once the echo was there. */
  failure: Failure | undefined = misspoken('ended without the echo')

  constructor(private readonly message: Buffer) {}

  /** RFC 6455 section 4.1. */
  get fields(): string[] {
    const own = ['Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', this.key]
    return ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...own]
  }

  /** @param onBytes hears of what came back */
  begin(rawHeaders: Buffer[], stream: Socket, onBytes: (bytes: number) => void): void {
    const expected = createHash('sha1')
      .update(this.key + GUID)
      .digest('base64')
    if (fieldOf(rawHeaders, 'sec-websocket-accept') !== expected) {
      this.failure = misspoken('the answer to the key of the handshake is wrong')
      return void stream.destroy()
    }
    const receiver = new Receiver({ isServer: false, maxPayload: MESSAGE_LIMIT })
    const sender = new Sender(stream)
    receiver.on('message', (data: Buffer) => {
      onBytes(data.length)
      this.failure = data.equals(this.message) ? undefined : misspoken('the echo is not what was sent')
      sender.close(1000, '', true)
    })
    receiver.on('conclude', () => stream.end())
    receiver.on('error', (error: Error) => {
      this.failure = misspoken(`no WebSocket: ${error.message}`)
      stream.destroy()
    })
    stream.pipe(receiver)
    sender.send(this.message, { binary: false, compress: false, fin: true, mask: true })
  }
}
