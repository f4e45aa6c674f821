/**
 * A response as HAProxy 2.6.12 reads it and passes it on: all that has come is parsed at once, so that an invalid chunk which
 * came with the head spoils the head as well; and what has been read is passed on at once, in one chunk.
 */
import type { Framing, Reader, Reading } from '../reader.js'
import { type Chunks, chunkParser, latin1 } from './chunks.js'
import { type Head, readHead } from './head.js'

/** `tune.bufsize` without `tune.maxrewrite`, and what its blocks take of that: a head must fit. */
const HEAD_BYTES = 16_384 - 1024 - 80

export const haproxyReader = (method: string): Reader => new HaproxyReader(method === 'HEAD')

class HaproxyReader implements Reader {
  private state: 'head' | 'body' | 'over' = 'head'
  /** What has come and is not understood yet. */
  private held: Uint8Array = NOTHING
  /** Of a body whose length was told: what is missing. */
  private left: number | undefined
  private chunks: Chunks | undefined

  constructor(private readonly bodiless: boolean) {}

  push(bytes: Uint8Array): Reading[] {
    if (this.state === 'over') return []
    const all = joined([this.held, bytes])
    this.held = NOTHING
    return this.state === 'head' ? this.readHead(all) : this.readBody(all)
  }

  finish(): Reading[] {
    return []
  }

  private readHead(all: Uint8Array): Reading[] {
    const read = readHead(latin1(all.subarray(0, HEAD_BYTES)))
    if (read.is === 'invalid') return this.fail(read.message, read.seen)
    if (read.is === 'incomplete') {
      this.held = all
      return all.length >= HEAD_BYTES ? this.fail('Response headers overflow', '') : []
    }
    const { head, end } = read
    const rest = all.subarray(end)
    if (head.status === 101) return this.fail('bad upgrade', '')
    if (head.status >= 100 && head.status < 200) {
      const { status, line, fields } = head
      const interim: Reading = { is: 'interim', status, line, fields }
      return [interim, ...(rest.length > 0 ? this.readHead(rest) : [])]
    }
    return this.begin(head, rest)
  }

  private begin({ status, line, fields, length, chunked, last }: Head, rest: Uint8Array): Reading[] {
    const none = this.bodiless || status === 204 || status === 304
    const framing: Framing = none
      ? { by: 'length', bytes: 0 }
      : chunked
        ? { by: 'chunks' }
        : length === undefined
          ? { by: 'close' }
          : { by: 'length', bytes: length }
    this.state = 'body'
    this.left = framing.by === 'length' ? framing.bytes : undefined
    this.chunks = framing.by === 'chunks' ? chunkParser() : undefined
    const body = this.readBody(rest)
    if (body.some(({ is }) => is === 'invalid')) return body
    return [{ is: 'head', status, line, fields, framing, last }, ...body]
  }

  private readBody(all: Uint8Array): Reading[] {
    if (this.chunks) return this.readChunks(this.chunks, all)
    if (this.left === undefined) return dataIn([all])
    const part = all.subarray(0, this.left)
    this.left -= part.length
    return [...dataIn([part]), ...(this.left === 0 ? this.end(all.length > part.length) : [])]
  }

  private readChunks(chunks: Chunks, all: Uint8Array): Reading[] {
    const read = chunks.push(all)
    if (!read) return this.fail('Invalid character in chunk size', '')
    if (!chunks.done) {
      this.held = read.rest
      return dataIn(read.data)
    }
    const trailers = chunks.trailers.flatMap(({ name, value }) => [name, value])
    return [...dataIn(read.data), ...this.end(read.rest.length > 0, trailers)]
  }

  private end(spoilt: boolean, trailers: string[] = []): Reading[] {
    this.state = 'over'
    return [trailers.length > 0 ? { is: 'end', spoilt, trailers } : { is: 'end', spoilt }]
  }

  private fail(message: string, seen: string): Reading[] {
    this.state = 'over'
    return [{ is: 'invalid', message, seen }]
  }
}

const NOTHING = new Uint8Array(0)

function dataIn(parts: readonly Uint8Array[]): Reading[] {
  const bytes = joined(parts)
  return bytes.length === 0 ? [] : [{ is: 'data', bytes }]
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const some = parts.filter(({ length }) => length > 0)
  if (some.length <= 1) return some[0] ?? NOTHING
  const all = new Uint8Array(some.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of some) {
    all.set(part, at)
    at += part.length
  }
  return all
}
