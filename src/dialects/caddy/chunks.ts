/**
 * The chunked coding as Go 1.19 undoes it (net/http/internal/chunked.go, transfer.go): a bare LF ends a line of a size,
 * an empty size is 0, trailers are read as fields. reader.ts holds one per response.
 */
import { readFields } from './head.js'

export interface Chunks {
  /** The data in those bytes; what stands behind it is invalid where there are words about that. */
  push(text: string): { data: string; words?: string | undefined; done?: { rest: number } | undefined }
  /** In Go's words, why it is not complete if nothing more comes; undefined: that the connection was lost. */
  readonly cut: string | undefined
}

/** A line of a size is no longer. */
const LINE_LIMIT = 4096

export function chunkParser(): Chunks {
  let held = ''
  let left = 0
  let state: 'size' | 'data' | 'data end' | 'trailer' = 'size'

  /** Undefined: there is not enough to go on. */
  function step(data: string[]): { words?: string; done?: { rest: number } } | undefined {
    switch (state) {
      case 'size': {
        const lf = held.indexOf('\n')
        if (lf < 0) return held.length >= LINE_LIMIT ? { words: 'header line too long' } : undefined
        const digits = held
          .slice(0, lf)
          .replace(/[ \t\r\n]+$/, '')
          .split(';', 1)[0]!
        const wrong = sizeFault(digits)
        if (wrong) return { words: wrong }
        held = held.slice(lf + 1)
        left = digits === '' ? 0 : Number.parseInt(digits, 16)
        state = left === 0 ? 'trailer' : 'data'
        return {}
      }
      case 'data': {
        if (held === '') return undefined
        const part = held.slice(0, left)
        data.push(part)
        held = held.slice(part.length)
        left -= part.length
        if (left === 0) state = 'data end'
        return {}
      }
      case 'data end': {
        if (held.length < 2) return undefined
        if (!held.startsWith('\r\n')) return { words: 'malformed chunked encoding' }
        held = held.slice(2)
        state = 'size'
        return {}
      }
      case 'trailer':
        return trailer(held)
    }
  }

  return {
    push(text) {
      held += text
      const data: string[] = []
      for (;;) {
        const read = step(data)
        if (!read || read.words !== undefined || read.done) return { data: data.join(''), ...read }
      }
    },
    get cut() {
      if (state !== 'trailer') return undefined
      return held.length < 2 ? 'http: unexpected EOF reading trailer' : LONG_TRAILER
    },
  }
}

function sizeFault(digits: string): string | undefined {
  const wrong = digits.search(/[^0-9a-fA-F]/)
  if (digits.length > 16 && (wrong < 0 || wrong >= 16)) return 'http chunk length too large'
  return wrong >= 0 ? 'invalid byte in chunk length' : undefined
}

const LONG_TRAILER = 'http: suspiciously long trailer after chunked body'

function trailer(held: string): { words?: string; done?: { rest: number } } | undefined {
  if (held.length < 2) return undefined
  if (held.startsWith('\r\n')) return { done: { rest: held.length - 2 } }
  // It looks for the end before it reads a line.
  if (!held.includes('\r\n\r\n')) return undefined
  const read = readFields({ text: held, ended: true }, 0)
  return read.is === 'fields'
    ? { done: { rest: held.length - read.end } }
    : { words: 'words' in read ? read.words : '' }
}
