/**
 * A response as nginx 1.22.1 reads it and passes it on, with `proxy_buffering on` and buffers of a page: head and body
 * in the first, a part of the body that fills none waits for more. What the connection's loss leaves in a buffer, nobody
 * gets (ngx_http_upstream.c, ngx_event_pipe.c, ngx_http_proxy_module.c).
 */
import type { Framing, Reader, Reading } from '../reader.js'
import { type Chunks, chunkParser } from './chunks.js'
import { type HeadRead, readHead } from './head.js'

/** `proxy_buffer_size` and `proxy_buffers` where nobody sets them: a page. */
const BUFFER_BYTES = 4096

/** The status in `$status` of a response that has no status line: HTTP/0.9. */
export const HTTP_09 = 9

export const nginxReader = (method: string): Reader => new NginxReader(method === 'HEAD')

class NginxReader implements Reader {
  private state: 'head' | 'body' | 'over' = 'head'
  /** What is in the buffer that is being filled, and how much of it is taken by what stands before. */
  private held: Uint8Array = NOTHING
  private taken = 0
  /** Of a body whose length was told: what is missing. */
  private left: number | undefined
  private chunks: Chunks | undefined

  constructor(private readonly bodiless: boolean) {}

  push(bytes: Uint8Array): Reading[] {
    if (this.state === 'over') return []
    const all = this.held.length === 0 ? bytes : joined(this.held, bytes)
    return this.state === 'head' ? this.readHead(all) : this.fill(all)
  }

  finish(): Reading[] {
    if (this.state !== 'body') return []
    const readings = this.held.length > 0 ? this.pass(this.held) : []
    this.held = NOTHING
    return readings
  }

  private readHead(all: Uint8Array): Reading[] {
    const text = latin1(all.subarray(0, BUFFER_BYTES))
    const read = readHead(text)
    if (read.is === 'head') return this.begin(read, all)
    if (read.is === 'raw') return this.relay(all)
    this.held = all
    if (read.is === 'invalid') return this.fail('Invalid header token', read.seen)
    return all.length >= BUFFER_BYTES ? this.fail('Response headers overflow', '') : []
  }

  /** nginx takes it for HTTP/0.9, says so in its log, and passes on whatever comes. */
  private relay(all: Uint8Array): Reading[] {
    const note = 'upstream sent no valid HTTP/1.0 header'
    this.state = 'body'
    const framing = { by: 'close' } as const
    return [
      { is: 'note', level: 'error', text: note, stage: 'response_head' },
      { is: 'head', status: HTTP_09, line: '', fields: [], framing, last: true },
      ...(this.bodiless ? [more(MORE_THAN_LENGTH), ...this.end(true)] : this.fill(all)),
    ]
  }

  private begin(read: HeadRead & { is: 'head' }, all: Uint8Array): Reading[] {
    const { status, line, fields, minor, end } = read
    const framing = this.bodiless || status === 204 || status === 304 ? NO_BODY : framingOf(fields)
    const last = minor < 1 || mentions(fields, 'connection', 'close')
    this.state = 'body'
    // What follows a head that fills the buffer comes in the next one.
    this.taken = end % BUFFER_BYTES
    this.left = framing.by === 'length' ? framing.bytes : undefined
    this.chunks = framing.by === 'chunks' ? chunkParser() : undefined
    const head: Reading = { is: 'head', status, line, fields, framing, last }
    const rest = all.subarray(end)
    if (this.left !== 0) return [head, ...this.fill(rest)]
    if (rest.length === 0 || this.bodiless) return [head, ...this.end(rest.length > 0)]
    return [head, more(MORE_THAN_LENGTH), ...this.end(true)]
  }

  /** Full buffers go on; one that is not full waits, unless what is in it may be the end. */
  private fill(all: Uint8Array): Reading[] {
    const readings: Reading[] = []
    let rest = all
    while (this.state === 'body' && rest.length >= BUFFER_BYTES - this.taken) {
      const size = BUFFER_BYTES - this.taken
      this.taken = 0
      readings.push(...this.pass(rest.subarray(0, size)))
      rest = rest.subarray(size)
    }
    if (this.state !== 'body') return readings
    const least = this.chunks ? this.chunks.least : this.left
    if (least !== undefined && rest.length > 0 && rest.length >= least) {
      this.taken = 0
      readings.push(...this.pass(rest))
      rest = NOTHING
    }
    this.held = rest.slice()
    return readings
  }

  private pass(bytes: Uint8Array): Reading[] {
    if (this.chunks) return this.passChunks(this.chunks, bytes)
    if (this.left === undefined) return [{ is: 'data', bytes }]
    const data: Reading = { is: 'data', bytes: bytes.subarray(0, this.left) }
    const surplus = bytes.length > this.left
    this.left -= Math.min(bytes.length, this.left)
    if (this.left > 0) return [data]
    return [data, ...(surplus ? [more(MORE_THAN_LENGTH)] : []), ...this.end(surplus)]
  }

  private passChunks(chunks: Chunks, bytes: Uint8Array): Reading[] {
    const read = chunks.push(bytes)
    // What was valid before it in the same buffer is lost as well.
    if (!read) return this.fail('Invalid character in chunk size', '')
    const readings: Reading[] = read.data.length > 0 ? [{ is: 'data', bytes: read.data.reduce(joined) }] : []
    if (!chunks.done) return readings
    const surplus = read.read < bytes.length
    return [...readings, ...(surplus ? [more(AFTER_CHUNKS)] : []), ...this.end(surplus)]
  }

  private end(spoilt: boolean): Reading[] {
    this.state = 'over'
    this.held = NOTHING
    return [{ is: 'end', spoilt }]
  }

  private fail(message: string, seen: string): Reading[] {
    this.state = 'over'
    return [{ is: 'invalid', message, seen }]
  }
}

const NOTHING = new Uint8Array(0)
const NO_BODY: Framing = { by: 'length', bytes: 0 }
const MORE_THAN_LENGTH = 'upstream sent more data than specified in "Content-Length" header'
const AFTER_CHUNKS = 'upstream sent data after final chunk'

const more = (text: string): Reading => ({ is: 'note', level: 'warn', text, stage: 'response_body' })

/** Chunks go before a length; of two lengths the last one counts, and one that is no number is none. */
function framingOf(fields: readonly string[]): Framing {
  if (mentions(fields, 'transfer-encoding', 'chunked')) return { by: 'chunks' }
  const length = lengthOf(fields)
  return length === undefined ? { by: 'close' } : { by: 'length', bytes: length }
}

/** What nginx takes for the length of the body; undefined for none. */
export function lengthOf(fields: readonly string[]): number | undefined {
  const value = valuesOf(fields, 'content-length').at(-1)
  if (value === undefined || !/^\d+$/.test(value)) return undefined
  return BigInt(value) > 2n ** 63n - 1n ? undefined : Number(value)
}

export const mentions = (fields: readonly string[], name: string, word: string): boolean =>
  valuesOf(fields, name).some((value) => value.toLowerCase().includes(word))

/** @param name in lower case */
export const valuesOf = (fields: readonly string[], name: string): string[] =>
  fields.filter((_, index) => index % 2 === 1 && fields[index - 1]!.toLowerCase() === name)

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.length + other.length)
  all.set(one)
  all.set(other, one.length)
  return all
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
