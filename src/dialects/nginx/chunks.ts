/**
 * The chunked coding as nginx 1.22.1 undoes it (ngx_http_parse_chunked): extensions are anything, a bare LF ends a line,
 * trailers are skipped unread. reader.ts holds one per response.
 */

/** Where in the coding it is. */
type State =
  | 'start'
  | 'size'
  | 'extension'
  | 'extension_lf'
  | 'data'
  | 'data_end'
  | 'data_lf'
  | 'last_extension'
  | 'last_lf'
  | 'trailer'
  | 'trailer_lf'
  | 'trailer_line'
  | 'trailer_line_lf'
  | 'done'

export interface Chunks {
  /** How many bytes must still come at least. */
  readonly least: number
  readonly done: boolean
  /** The data in those bytes, and how many of them were read; undefined: they are none of the coding. */
  push(bytes: Uint8Array): { data: Uint8Array[]; read: number } | undefined
}

const [LF, CR, SPACE, TAB, SEMICOLON] = [0x0a, 0x0d, 0x20, 0x09, 0x3b]

/** A size has to fit a signed number of 64 bits. */
const SIZE_LIMIT = 2 ** 59

export function chunkParser(): Chunks {
  let state: State = 'start'
  let size = 0

  const afterSize = (byte: number): State | undefined => {
    if (byte === CR) return size === 0 ? 'last_lf' : 'extension_lf'
    if (byte === LF) return size === 0 ? 'trailer' : 'data'
    if (byte === SEMICOLON || byte === SPACE || byte === TAB) return size === 0 ? 'last_extension' : 'extension'
    return undefined
  }

  const step = (byte: number): State | undefined => {
    if (state === 'start' || state === 'size') {
      const digit = hexDigit(byte)
      if (digit === undefined) return state === 'start' ? undefined : afterSize(byte)
      if (state === 'size' && size > SIZE_LIMIT) return undefined
      size = state === 'start' ? digit : size * 16 + digit
      return 'size'
    }
    return STEPS[state](byte)
  }

  return {
    get least() {
      return LEAST[state](size)
    },
    get done() {
      return state === 'done'
    },
    push(bytes) {
      const data: Uint8Array[] = []
      let at = 0
      while (at < bytes.length && state !== 'done') {
        if (state === 'data') {
          const part = bytes.subarray(at, at + size)
          data.push(part)
          at += part.length
          size -= part.length
          if (size === 0) state = 'data_end'
          continue
        }
        const next = step(bytes[at]!)
        if (next === undefined) return undefined
        state = next
        at++
      }
      return { data, read: at }
    },
  }
}

const ends = (line: State, cr: State, otherwise?: State) => (byte: number) =>
  byte === LF ? line : byte === CR ? cr : otherwise
const lf = (next: State) => (byte: number) => (byte === LF ? next : undefined)

const STEPS: Record<Exclude<State, 'start' | 'size'>, (byte: number) => State | undefined> = {
  extension: ends('data', 'extension_lf', 'extension'),
  extension_lf: lf('data'),
  data_end: ends('start', 'data_lf'),
  data_lf: lf('start'),
  last_extension: ends('trailer', 'last_lf', 'last_extension'),
  last_lf: lf('trailer'),
  trailer: ends('done', 'trailer_lf', 'trailer_line'),
  trailer_lf: lf('done'),
  trailer_line: ends('trailer', 'trailer_line_lf', 'trailer_line'),
  trailer_line_lf: lf('trailer'),
  data: () => undefined,
  done: () => undefined,
}

/** A last chunk and an empty line, each with a bare LF, behind what the state lacks. */
const LEAST: Record<State, (size: number) => number> = {
  start: () => 3,
  size: (size) => 1 + (size > 0 ? size + 4 : 1),
  extension: (size) => 1 + size + 4,
  extension_lf: (size) => 1 + size + 4,
  data: (size) => size + 4,
  data_end: () => 4,
  data_lf: () => 4,
  last_extension: () => 2,
  last_lf: () => 2,
  trailer: () => 1,
  trailer_lf: () => 1,
  trailer_line: () => 2,
  trailer_line_lf: () => 2,
  done: () => 0,
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : undefined
}
