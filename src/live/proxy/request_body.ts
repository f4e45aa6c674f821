/**
 * A client's request body on its way upstream: reads with back-pressure, keeps nothing, and outlives the upstream
 * connection. Undici destroys the body it was given when a try fails; the client's socket must survive that, since it
 * still gets its answer.
 */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

export class RequestBody extends Readable {
  /** Bytes were taken from the client: this body can't be sent a second time. */
  touched = false
  private flowing = false

  constructor(private readonly source: IncomingMessage) {
    super()
  }

  override _read(): void {
    if (!this.flowing) {
      this.flowing = true
      // An empty body that an earlier try has read to its end.
      if (this.source.readableEnded) return void this.push(null)
      this.source.on('data', this.onChunk)
      this.source.on('end', this.onEnd)
    }
    this.source.resume()
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.source.removeListener('data', this.onChunk)
    this.source.removeListener('end', this.onEnd)
    if (this.flowing) this.pauseSource()
    done(null)
  }

  private readonly onChunk = (chunk: Buffer): void => {
    this.touched = true
    taken.set(this.source, bytesTaken(this.source) + chunk.length)
    if (!this.push(chunk)) this.pauseSource()
  }

  private pauseSource(): void {
    if (!discarded.has(this.source)) this.source.pause()
  }

  private readonly onEnd = (): void => {
    this.push(null)
  }
}

const taken = new WeakMap<IncomingMessage, number>()

/** So much of its body was taken from the client to be passed on. */
export const bytesTaken = (request: IncomingMessage): number => taken.get(request) ?? 0

const discarded = new WeakSet<IncomingMessage>()

/** The request was answered: what still comes of its body is read and dropped, so that the next one can come. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete) return
  discarded.add(request)
  request.resume()
}

/** Whether the framing of a request announces a body (RFC 9112 section 6). */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}
