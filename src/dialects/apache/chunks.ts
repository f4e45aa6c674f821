/**
 * The chunked coding as Apache 2.4.71 undoes it (http_filters.c, parse_chunk_size), which is strict: lines end with CR
 * and LF, extensions have no control characters. Trailers are read and lost. reader.ts holds one per response.
 */
import { isToken } from './fault.js'

type State = 'start' | 'size' | 'spaces' | 'extension' | 'lf' | 'data' | 'end' | 'end_lf' | 'trailer' | 'done'

export interface Chunks {
  readonly done: boolean
  /** Behind the last chunk. */
  readonly inTrailers: boolean
  /** The next piece of data in those bytes, and how many of them were read for it; undefined: they are none of the coding. */
  next(bytes: Uint8Array): { data: Uint8Array | undefined; read: number } | undefined
}

const [LF, CR, SPACE, TAB, SEMICOLON, DELETE] = [0x0a, 0x0d, 0x20, 0x09, 0x3b, 0x7f]

/** A size has to fit a signed number of 64 bits. */
const SIZE_LIMIT = 2 ** 59

/** As many as were once implied around a size. */
const MOST_SPACES = 10

/** A chunk of any size goes on in pieces of so many bytes at most. */
const PIECE_BYTES = 8192

export function chunkParser(): Chunks {
  let state: State = 'start'
  let size = 0
  let spaces = 0
  let trailer = ''

  function afterSize(byte: number): State | undefined {
    if (byte === CR) return 'lf'
    if (byte === SEMICOLON) return 'extension'
    if (state === 'extension') return byte !== TAB && (byte < SPACE || byte === DELETE) ? undefined : 'extension'
    if (byte === SPACE || byte === TAB) return ++spaces > MOST_SPACES ? undefined : 'spaces'
    return undefined
  }

  function inSize(byte: number): State | undefined {
    const digit = hexDigit(byte)
    if (digit === undefined) return state === 'start' ? undefined : afterSize(byte)
    if (state === 'start') [size, spaces] = [0, 0]
    if (size >= SIZE_LIMIT) return undefined
    size = size * 16 + digit
    return 'size'
  }

  function inTrailer(byte: number): State | undefined {
    trailer += String.fromCharCode(byte)
    if (byte !== LF) return 'trailer'
    const line = trailer.replace(/\r?\n$/, '')
    trailer = ''
    if (line === '') return 'done'
    return line.includes(':') && isToken(line.slice(0, line.indexOf(':'))) ? 'trailer' : undefined
  }

  function step(byte: number): State | undefined {
    switch (state) {
      case 'start':
      case 'size':
        return inSize(byte)
      case 'spaces':
      case 'extension':
        return afterSize(byte)
      case 'lf':
        return byte === LF ? (size > 0 ? 'data' : 'trailer') : undefined
      case 'end':
        return byte === CR ? 'end_lf' : undefined
      case 'end_lf':
        return byte === LF ? 'start' : undefined
      default:
        return inTrailer(byte)
    }
  }

  return {
    get done() {
      return state === 'done'
    },
    get inTrailers() {
      return state === 'trailer'
    },
    next(bytes) {
      let at = 0
      while (at < bytes.length && state !== 'done') {
        if (state === 'data') {
          const data = bytes.subarray(at, at + Math.min(size, PIECE_BYTES))
          size -= data.length
          if (size === 0) state = 'end'
          return { data, read: at + data.length }
        }
        const next = step(bytes[at]!)
        if (next === undefined) return undefined
        state = next
        at++
      }
      return { data: undefined, read: at }
    },
  }
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined
}
