/** Where undici reads a response otherwise than the RFCs have it: `100 Continue` and transfer codings. A connection calls it. */
import type { Socket } from 'node:net'
import type { ConnectionBooks } from './books.js'

export interface Incoming {
  /** The next bytes begin a response. */
  begin(): void
}

/**
 * Undici hangs up on a `100 Continue`, though a server may send one unasked (RFC 9110 section 15.2). This takes it out of
 * what undici reads; whatever else begins a response passes untouched, and what it got last stands in the books.
 * @param onContinue called for every one that was taken out
 */
export function readAs(books: ConnectionBooks, stream: Socket, onContinue: () => void): Incoming {
  const read = stream.read
  let awaiting = true
  /** What may become one, but is not whole yet. */
  let held: Buffer | undefined

  const look = (bytes: Buffer): Buffer | null => {
    if (!mayBeContinue(bytes)) {
      awaiting = false
      return bytes
    }
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) {
      held = bytes
      return null
    }
    onContinue()
    return end + 4 === bytes.length ? null : look(bytes.subarray(end + 4))
  }
  stream.read = (size?: number): Buffer | null => {
    let chunk = read.call(stream, size) as Buffer | null
    if (chunk === null) return null
    if (awaiting) {
      const bytes = held ? Buffer.concat([held, chunk]) : chunk
      held = undefined
      chunk = look(bytes)
    }
    // Undici's errors do not tell what was before the byte at which it stopped.
    if (chunk) books.latest = chunk
    return chunk
  }
  return {
    begin() {
      awaiting = true
    },
  }
}

const CONTINUE = 'HTTP/1.1 100'
/** A head that is longer is for the parser to refuse. */
const HEAD_LIMIT = 16_384

function mayBeContinue(bytes: Buffer): boolean {
  // The first digit of nearly every status tells.
  if (bytes.length > 9 && bytes[9] !== 0x31) return false
  const start = bytes.toString('latin1', 0, CONTINUE.length)
  return CONTINUE.startsWith(start) && bytes.length <= HEAD_LIMIT
}

/**
 * False for a transfer coding other than chunked, once: undici undoes that one only, and the name of the other would be
 * lost on the way (RFC 9112 section 6.1).
 */
export function isFramingKnown(rawHeaders: readonly Buffer[]): boolean {
  let chunked = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length !== 17 || rawHeaders[i]!.toString('latin1').toLowerCase() !== 'transfer-encoding')
      continue
    if (chunked || rawHeaders[i + 1]!.toString('latin1').toLowerCase() !== 'chunked') return false
    chunked = true
  }
  return true
}
