/**
 * Reads HTTP that passes by, without changing a byte: http-parser-js says where heads end and messages are over. What it
 * can't parse passes unread from then on. inspection.ts calls it.
 */
import { HTTPParser, type HTTPParserJS } from 'http-parser-js'
import type { HttpRequest } from '../../core/waf/visit.js'

/** Bytes as they came; with `head` they end with one. */
export interface Piece {
  bytes: Buffer
  head?: HttpRequest
}

const NO_BODY = 1
const { kOnHeadersComplete, kOnMessageComplete } = HTTPParser

export class RequestReader {
  private readonly parser = new HTTPParser(HTTPParser.REQUEST) as HTTPParserJS & Inner
  /** The beginning of a head whose end has not come. */
  private held: Buffer[] = []
  private inHead = true
  /** HTTP is over, or can't be understood: everything passes. */
  unread = false

  /** All that may be judged by now; what is held back comes with a later chunk. */
  read(chunk: Buffer): Piece[] {
    const pieces: Piece[] = []
    let start = 0
    this.parser[kOnHeadersComplete] = () => {
      const { info, offset } = this.parser
      pieces.push({ bytes: this.release(chunk.subarray(start, offset)), head: requestOf(info) })
      start = offset
      this.inHead = false
      return undefined
    }
    this.parser[kOnMessageComplete] = () => {
      const { offset } = this.parser
      if (offset > start) pieces.push({ bytes: chunk.subarray(start, offset) })
      start = offset
      this.inHead = true
    }
    let at = 0
    while (at < chunk.length && !this.unread) {
      // A request that asks for an upgrade ends the reading: what follows it begins another one, or no HTTP.
      const read = this.parser.execute(chunk, at, chunk.length - at)
      if (typeof read !== 'number') this.unread = true
      else at += read
    }
    const rest = chunk.subarray(start)
    if (this.unread || !this.inHead) {
      const bytes = this.release(rest)
      if (bytes.length > 0) pieces.push({ bytes })
    } else if (rest.length > 0) this.held.push(rest)
    return pieces
  }

  private release(bytes: Buffer): Buffer {
    if (this.held.length === 0) return bytes
    const whole = Buffer.concat([...this.held, bytes])
    this.held = []
    return whole
  }
}

/** Fields that the types of the library leave out. */
interface Inner {
  offset: number
  info: { method: number; url: string; headers: string[]; statusCode?: number; upgrade: boolean }
}

const requestOf = ({ method, url, headers }: Inner['info']): HttpRequest => ({
  method: HTTPParser.methods[method]!,
  path: url,
  headers: headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]!] as const] : [])),
})

/** Counts the responses that are due. */
export class ResponseReader {
  private readonly parser = new HTTPParser(HTTPParser.RESPONSE) as HTTPParserJS & Inner
  private readonly due: string[] = []
  private lost = false

  /** @param onUpgrade what follows is no HTTP, either way */
  constructor(private readonly onUpgrade: () => void) {
    this.parser[kOnHeadersComplete] = () => {
      const { statusCode, upgrade } = this.parser.info
      if (statusCode === 101 || upgrade) this.lose()
      return this.due[0] === 'HEAD' && (statusCode ?? 0) >= 200 ? NO_BODY : undefined
    }
    this.parser[kOnMessageComplete] = () => {
      if ((this.parser.info.statusCode ?? 0) >= 200) this.due.shift()
    }
  }

  expect(method: string): void {
    this.due.push(method)
  }

  read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.lost) {
      const read = this.parser.execute(chunk, at, chunk.length - at)
      if (typeof read === 'number') at += read
      else this.lose()
    }
  }

  /** Every request that went through is answered, as far as that can be told. */
  get isQuiet(): boolean {
    return this.lost || this.due.length === 0
  }

  private lose(): void {
    this.lost = true
    this.onUpgrade()
  }
}
