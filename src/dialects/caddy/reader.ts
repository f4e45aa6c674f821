/**
 * A response as Caddy 2.6.2 reads it, with Go's net/http: head.ts and chunks.ts hold its rules, here is what becomes of
 * the bytes. What is in hand when the connection is lost is read to its end, and Go has words for what it finds there.
 */
import type { Reader, Reading } from '../reader.js'
import { type Chunks, chunkParser } from './chunks.js'
import { type HeadRead, readHead } from './head.js'

/** `max_response_header_size` where nobody sets it. */
const HEAD_LIMIT = 10_485_760

/** A response of which nothing is passed on but that it was there: for a protocol that nobody asked for. */
export const BLANK = 'blank'

export const caddyReader = (method: string): Reader => new CaddyReader(method)

class CaddyReader implements Reader {
  private state: 'head' | 'body' | 'over' = 'head'
  private held = ''
  /** Of a body whose length was told: what is missing. */
  private left: number | undefined
  private chunks: Chunks | undefined
  private said: string | undefined

  constructor(private readonly method: string) {}

  push(bytes: Uint8Array): Reading[] {
    if (this.state === 'over') return []
    if (this.state === 'body') return this.pass(bytes)
    this.held += latin1(bytes)
    return this.readHead(false)
  }

  finish(): Reading[] {
    return []
  }

  words(): string | undefined {
    if (this.said !== undefined || this.state === 'over') return this.said
    if (this.state === 'body') return this.chunks?.cut
    if (this.held === '') return undefined
    const read = readHead(this.held, true, this.method)
    return read.is === 'invalid' ? BROKEN + read.words : undefined
  }

  private readHead(ended: boolean): Reading[] {
    const read = readHead(this.held, ended, this.method)
    if (read.is === 'incomplete') {
      if (this.held.length <= HEAD_LIMIT) return []
      return this.fail('headers overflow', `net/http: server response headers exceeded ${HEAD_LIMIT} bytes; aborted`)
    }
    if (read.is === 'invalid') return this.fail(parserWords(read.words), read.words)
    const rest = this.held.slice(read.end)
    this.held = ''
    if (read.status === 101) return this.begin({ ...read, status: 200, fields: [], framing: NO_BODY }, '', BLANK)
    if (read.status >= 200) return this.begin(read, rest, read.framing.by)
    // Any other interim response is followed by another one.
    this.held = rest
    return rest === '' ? [] : this.readHead(ended)
  }

  private begin(read: HeadRead & { is: 'head' }, rest: string, line: string): Reading[] {
    const { status, fields, framing, last } = read
    this.state = 'body'
    this.left = framing.by === 'length' ? framing.bytes : undefined
    this.chunks = framing.by === 'chunks' ? chunkParser() : undefined
    const head: Reading = { is: 'head', status, line, fields, framing, last }
    if (line === BLANK) return [head, ...this.end(true)]
    return [head, ...(rest === '' && this.left !== 0 ? [] : this.pass(bytesOf(rest)))]
  }

  private pass(bytes: Uint8Array): Reading[] {
    if (this.chunks) return this.passChunks(this.chunks, bytes)
    if (this.left === undefined) return bytes.length > 0 ? [{ is: 'data', bytes }] : []
    const data = bytes.subarray(0, this.left)
    const surplus = bytes.length > this.left
    this.left -= data.length
    const passed: Reading[] = data.length > 0 ? [{ is: 'data', bytes: data }] : []
    return this.left > 0 ? passed : [...passed, ...this.end(surplus)]
  }

  private passChunks(chunks: Chunks, bytes: Uint8Array): Reading[] {
    const { data, words, done } = chunks.push(latin1(bytes))
    const passed: Reading[] = data === '' ? [] : [{ is: 'data', bytes: bytesOf(data) }]
    if (words !== undefined) return [...passed, ...this.fail('Invalid chunk data', words)]
    return done ? [...passed, ...this.end(done.rest > 0)] : passed
  }

  private end(spoilt: boolean): Reading[] {
    this.state = 'over'
    return [{ is: 'end', spoilt }]
  }

  /** @param message in the words of undici's parser */
  private fail(message: string, words: string): Reading[] {
    this.said = this.state === 'head' ? BROKEN + words : words
    this.state = 'over'
    return [{ is: 'invalid', message, seen: '' }]
  }
}

/** What Go puts before an error with which it read a head. */
export const BROKEN = 'net/http: HTTP/1.x transport connection broken: '

const NO_BODY = { by: 'length', bytes: 0 } as const

const parserWords = (words: string): string =>
  /transfer encoding/.test(words) ? 'unknown transfer coding' : 'Invalid response'

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

function latin1(bytes: Uint8Array): string {
  let text = ''
  // A call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}
