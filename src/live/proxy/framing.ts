/**
 * The body of a response on its way to the client, where a product frames chunks itself, and what the access log counts of
 * all that. The proxy's front has one for each response; without the product's own framing, Node does it.
 */
import type { PassedHead } from '../../dialects/dialect.js'
import type { RawFields } from '../exchange.js'
import type { Sent } from './ledger.js'
import { framed, textOf } from './wording.js'

const CRLF = Buffer.from('\r\n')

export class Framing {
  private bodyBytes = 0
  /** Without the framing of chunks. */
  payloadBytes = 0
  private headMs: number | undefined
  private head: PassedHead | undefined
  private whole = false

  /** @param headMs until the head came */
  begin(head: PassedHead, headMs: number): void {
    this.head = head
    this.headMs = headMs
  }

  get sent(): Sent {
    const { bodyBytes, payloadBytes, headMs, head, whole } = this
    return { bodyBytes, payloadBytes, headMs, headCounted: head?.counted, chunked: head?.chunked, whole }
  }

  /** @param chunked by Node */
  count(bytes: number, chunked: boolean): void {
    this.bodyBytes += framed(bytes, chunked)
  }

  frame(chunk: Buffer): Buffer {
    this.payloadBytes += chunk.length
    const size = this.chunkSize
    return size ? Buffer.concat([Buffer.from(`${size(chunk.length)}\r\n`), chunk, CRLF]) : chunk
  }

  /** What is still to be written; undefined: nothing. */
  end(trailers: RawFields | null): Buffer | undefined {
    this.whole = true
    if (!this.chunkSize) return undefined
    const text = textOf((trailers ?? []) as Buffer[])
    const lines = text.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`))
    return Buffer.from(`0\r\n${lines.join('')}\r\n`, 'latin1')
  }

  private get chunkSize(): PassedHead['chunkSize'] {
    return this.head?.chunked ? this.head.chunkSize : undefined
  }
}
