/**
 * The chunked coding as HAProxy 2.6.12 undoes it (h1_parse_chunk_size and h1_skip_chunk_crlf in h1.h): a bare LF ends a line,
 * blanks may stand behind a size, extensions are anything. reader.ts holds one per response.
 */
import { type Field, readFieldLines } from './head.js'

export interface Chunks {
  readonly done: boolean
  /** Of the trailer section, once it is done. */
  readonly trailers: readonly Field[]
  /** The data in those bytes, and those that are yet to be understood; undefined: they are none of the coding. */
  push(bytes: Uint8Array): { data: Uint8Array[]; rest: Uint8Array } | undefined
}

/** 52 bits of it. */
const MOST_DIGITS = 13

/** A whole line with a size, and what may become one. */
const SIZE_LINE = /^0*([0-9a-fA-F]*)[ \t]*(?:;[^\r\n]*)?\r?\n/
const POSSIBLE_SIZE = /^[0-9a-fA-F]*(?:(?<=.)[ \t]*(?:;[^\r\n]*)?\r?)?$/

export function chunkParser(): Chunks {
  let state: 'size' | 'data' | 'data_end' | 'trailers' | 'done' = 'size'
  let left = 0
  let trailers: readonly Field[] = []

  /** How many bytes of the text belong to the coding; undefined: more must come; -1: it is none. */
  function step(text: string): number | undefined {
    if (state === 'size') return readSize(text)
    if (state === 'data_end') {
      const end = /^\r?\n/.exec(text)?.[0].length
      if (end === undefined) return text === '\r' || text === '' ? undefined : -1
      state = 'size'
      return end
    }
    const read = readFieldLines(text, 0, false)
    if (read.is === 'invalid') return -1
    if (read.is !== 'fields') return undefined
    state = 'done'
    trailers = read.fields
    return read.end
  }

  function readSize(text: string): number | undefined {
    const line = SIZE_LINE.exec(text)
    const digits = line ? line[1]! : ''
    if (!line || /^[^0-9a-fA-F]/.test(text)) {
      const significant = /^0*([0-9a-fA-F]*)/.exec(text)![1]!
      return POSSIBLE_SIZE.test(text) && significant.length <= MOST_DIGITS ? undefined : -1
    }
    if (digits.length > MOST_DIGITS) return -1
    left = digits === '' ? 0 : Number.parseInt(digits, 16)
    state = left === 0 ? 'trailers' : 'data'
    return line[0].length
  }

  return {
    get done() {
      return state === 'done'
    },
    get trailers() {
      return trailers
    },
    push(bytes) {
      const data: Uint8Array[] = []
      let rest = bytes
      while (state !== 'done' && rest.length > 0) {
        if (state === 'data') {
          const part = rest.subarray(0, left)
          data.push(part)
          rest = rest.subarray(part.length)
          left -= part.length
          if (left === 0) state = 'data_end'
          continue
        }
        const taken = step(latin1(rest))
        if (taken === -1) return undefined
        if (taken === undefined) break
        rest = rest.subarray(taken)
      }
      return { data, rest }
    },
  }
}

export const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}
