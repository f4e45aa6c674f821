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
 * @param onContinue called for every one that was taken out, in its order among what is read
 */
export function readAs(books: ConnectionBooks, stream: Socket, onContinue: () => void): Incoming {
  const read = stream.read
  let awaiting = true
  /** What was read and is not yet given: a head that is not whole, or what follows one. */
  let held: Buffer | undefined

  /** What undici gets of these bytes; null for nothing so far. */
  const give = (bytes: Buffer): Buffer | null => {
    const status = interimStatus(bytes)
    if (status === undefined) {
      awaiting = false
      return bytes
    }
    const end = bytes.indexOf('\r\n\r\n') + 4
    if (end < 4 || status === '') {
      held = bytes
      return null
    }
    const rest = end < bytes.length ? bytes.subarray(end) : undefined
    if (status === '100') {
      onContinue()
      return rest ? give(rest) : null
    }
    // The next read begins behind it.
    held = rest
    return bytes.subarray(0, end)
  }
  stream.read = (size?: number): Buffer | null => {
    const chunk = read.call(stream, size) as Buffer | null
    if (!awaiting || (chunk === null && held === undefined)) return remember(chunk)
    const bytes = held && chunk ? Buffer.concat([held, chunk]) : (held ?? chunk!)
    held = undefined
    return remember(give(bytes))
  }
  /** Undici's errors do not tell what was before the byte at which it stopped. */
  const remember = (chunk: Buffer | null): Buffer | null => {
    if (chunk) books.latest = chunk
    return chunk
  }
  return {
    begin() {
      awaiting = true
    },
  }
}

/** A head that is longer is for the parser to refuse. */
const HEAD_LIMIT = 16_384

/**
 * Of a response that is not the final one, and keeps its protocol: its status, empty while not all of it is there.
 * Undefined for any other bytes.
 */
function interimStatus(bytes: Buffer): string | undefined {
  // The first digit of nearly every status tells.
  if ((bytes.length > 9 && bytes[9] !== 0x31) || bytes.length > HEAD_LIMIT) return undefined
  const start = bytes.toString('latin1', 0, 12)
  if (start.length < 12) return /^(HTTP\/1\.1 1\d?|H(T(T(P(\/(1(\.(1 ?)?)?)?)?)?)?)?)$/.test(start) ? '' : undefined
  return /^HTTP\/1\.1 1(?!01)\d\d$/.test(start) ? start.slice(9) : undefined
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
