/**
 * A response as Apache 2.4.71 reads it and passes it on (mod_proxy_http.c, http_filters.c): what there is goes on at once,
 * the head as well; where the first it reads of a body is wrong, nothing of the response is passed on.
 */
import type { Framing, Reader, Reading } from '../reader.js'
import { type Chunks, chunkParser } from './chunks.js'
import { behind, IN_HEADERS, IN_STATUS_LINE, IN_TRAILERS, isFieldContent, isToken } from './fault.js'
import { endToEnd, firstOf, valuesOf } from './fields.js'
import { type HeadRead, readHead } from './head.js'

export const apacheReader = (method: string): Reader => new ApacheReader(method === 'HEAD')

class ApacheReader implements Reader {
  private inStatusLine = true
  private status: number | undefined
  private state: 'head' | 'body' | 'over' = 'head'
  /** What has come of the head. */
  private held: Uint8Array = NOTHING
  /** Of a body whose length was told: what is missing. */
  private left: number | undefined
  private chunks: Chunks | undefined

  constructor(private readonly headOnly: boolean) {}

  push(bytes: Uint8Array): Reading[] {
    if (this.state === 'over') return []
    if (this.state === 'body') return this.pass(bytes)
    this.held = joined(this.held, bytes)
    return this.readHead()
  }

  words(): string | undefined {
    if (this.state === 'head') return this.inStatusLine ? IN_STATUS_LINE : IN_HEADERS
    if (this.chunks?.inTrailers) return IN_TRAILERS
    return this.status === undefined ? undefined : behind(this.status)
  }

  finish(): Reading[] {
    return []
  }

  private readHead(): Reading[] {
    const read = readHead(latin1(this.held))
    switch (read.is) {
      case 'incomplete':
        this.inStatusLine = read.inStatusLine
        return []
      case 'raw':
        return this.relay(read)
      case 'too long':
        this.inStatusLine = false
        return this.fail('Response headers overflow', '')
      case 'invalid':
        return read.line === undefined ? this.fail('not valid', '') : this.fail('Invalid header token', read.line)
      case 'head':
        this.inStatusLine = false
        return this.begin(read)
    }
  }

  /** HTTP/0.9: all of it is the body, but for what ends its first line. */
  private relay({ line, end }: HeadRead & { is: 'raw' }): Reading[] {
    const rest = this.held.subarray(end)
    this.state = 'body'
    this.inStatusLine = false
    const head: Reading = { is: 'head', status: 200, line: '200 OK', fields: [], framing: { by: 'close' }, last: true }
    return [head, ...(this.headOnly ? this.end(true) : this.pass(joined(bytesOf(line), rest)))]
  }

  private begin(read: HeadRead & { is: 'head' }): Reading[] {
    const { status, line, minor, end, repeated } = read
    this.status = status
    const rest = this.held.subarray(end)
    if (status >= 100 && status < 200) return this.interim(read, rest)
    const notes: Reading[] = Array.from({ length: repeated }, () => note('warn', BOGUS))
    const coding = firstOf(read.fields, 'transfer-encoding')
    const chunked = coding !== undefined && /(^|,)\s*chunked\s*$/i.test(coding)
    const fields = endToEnd(read.fields)
    const bodiless = this.headOnly || status === 204 || status === 304
    const wrong = bodiless ? undefined : wrongLength(fields)
    if (wrong) return this.fail('Invalid header value', wrong)
    if (coding !== undefined && !chunked && !bodiless) {
      notes.push(note('info', `AH02555: Unknown Transfer-Encoding: ${coding}; using read-until-close`))
    }
    const framing = bodiless ? NO_BODY : framingOf(fields, chunked)
    const last = minor < 1 || coding !== valueOfLength(read.fields, coding) || closes(read.fields)
    this.state = 'body'
    this.left = framing.by === 'length' ? framing.bytes : undefined
    this.chunks = framing.by === 'chunks' ? chunkParser() : undefined
    const body = this.left === 0 ? this.end(rest.length > 0) : this.pass(rest)
    // Nothing of the response has been passed on by then.
    if (body[0]?.is === 'invalid') return [...notes, ...body]
    const bad = firstBad(fields)
    if (bad) return [...notes, ...this.fail('Invalid header token', bad)]
    // All of the body is there, and there is none.
    const empty = framing.by === 'chunks' && body[0]?.is === 'end'
    const told = empty ? [...fields, 'Content-Length', '0'] : body.at(-1)?.is === 'end' ? withOneLength(fields) : fields
    const framed = empty ? NO_BODY : framing
    return [...notes, { is: 'head', status, line, fields: told, framing: framed, last }, ...body]
  }

  /** What is no final response is read over, but for a protocol that nobody asked for. */
  private interim({ status, fields }: HeadRead & { is: 'head' }, rest: Uint8Array): Reading[] {
    if (status === 101) return this.fail('Invalid header value', `Upgrade: ${firstOf(fields, 'upgrade') ?? ''}`)
    this.held = rest
    this.inStatusLine = true
    return rest.length > 0 ? this.readHead() : []
  }

  private pass(bytes: Uint8Array): Reading[] {
    if (bytes.length === 0) return []
    if (this.chunks) return this.passChunks(this.chunks, bytes)
    if (this.left === undefined) return [{ is: 'data', bytes }]
    const data: Reading = { is: 'data', bytes: bytes.subarray(0, this.left) }
    const surplus = bytes.length > this.left
    this.left -= Math.min(bytes.length, this.left)
    return this.left > 0 ? [data] : [data, ...this.end(surplus)]
  }

  private passChunks(chunks: Chunks, bytes: Uint8Array): Reading[] {
    const readings: Reading[] = []
    for (let rest = bytes; rest.length > 0; ) {
      const read = chunks.next(rest)
      if (!read) return [...readings, ...this.fail('Invalid character in chunk size', '')]
      if (read.data) readings.push({ is: 'data', bytes: read.data })
      rest = rest.subarray(read.read)
      if (chunks.done) return [...readings, ...this.end(rest.length > 0)]
    }
    return readings
  }

  private end(spoilt: boolean): Reading[] {
    this.state = 'over'
    return [{ is: 'end', spoilt }]
  }

  private fail(message: string, seen: string): Reading[] {
    this.state = 'over'
    return [{ is: 'invalid', message, seen }]
  }
}

const NOTHING = new Uint8Array(0)
const NO_BODY: Framing = { by: 'length', bytes: 0 }
const BOGUS = 'AH01100: Ignoring bogus HTTP header returned by'

const note = (level: 'info' | 'warn', text: string): Reading => ({ is: 'note', level, text, stage: 'response_head' })

/** Of two lengths the first one counts; chunks go before any. */
function framingOf(fields: readonly string[], chunked: boolean): Framing {
  if (chunked) return { by: 'chunks' }
  const length = firstOf(fields, 'content-length')
  return length === undefined ? { by: 'close' } : { by: 'length', bytes: Number(length) }
}

function wrongLength(fields: readonly string[]): string | undefined {
  const length = firstOf(fields, 'content-length')
  const plain = length === undefined || (/^\d+$/.test(length) && BigInt(length) < 2n ** 63n)
  return plain ? undefined : `Content-Length: ${length}`
}

/** Where all of the body is there, Apache tells its length itself, in the place of the first that was told. */
function withOneLength(fields: readonly string[]): string[] {
  const first = fields.findIndex((part, index) => index % 2 === 0 && part.toLowerCase() === 'content-length')
  return fields.filter((_, index) => {
    const at = index - (index % 2)
    return at === first || fields[at]!.toLowerCase() !== 'content-length'
  })
}

/** The first field that Apache would not send. */
function firstBad(fields: readonly string[]): string | undefined {
  const index = fields.findIndex((part, at) => (at % 2 === 0 ? !isToken(part) : !isFieldContent(part)))
  return index < 0 ? undefined : `${fields[index - (index % 2)]}:${index % 2 === 0 ? '' : fields[index]}`
}

const closes = (fields: readonly string[]): boolean =>
  valuesOf(fields, 'connection').some((value) => /(^|,)\s*close\s*(,|$)/i.test(value))

/** A coding and a length are two answers to one question: the connection is not trusted. */
const valueOfLength = (fields: readonly string[], coding: string | undefined): string | undefined =>
  coding !== undefined && firstOf(fields, 'content-length') !== undefined ? undefined : coding

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.length + other.length)
  all.set(one)
  all.set(other, one.length)
  return all
}

const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))
