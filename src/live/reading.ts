/**
 * A response read by a dialect's own reader: it stands between the socket and undici, and tells undici what it needs in
 * words that cannot be misread. live/connection.ts makes one; what the head really was, the exchange is told.
 */
import type { Socket } from 'node:net'
import type { Reader, Reading } from '../dialects/reader.js'

export type ReadHead = Extract<Reading, { is: 'head' }>
export type Note = Extract<Reading, { is: 'note' }>

export interface ReadingEvents {
  head(head: ReadHead): void
  interim(status: number, fields: readonly string[]): void
  invalid(message: string, seen: string): void
  note(note: Note): void
  /** The response is complete, and the connection good for nothing more. */
  spoilt(): void
}

export interface ReadingIncoming {
  /** The next bytes begin a response, and that is who reads it. */
  begin(reader: Reader): void
  /** In its words, what is wrong with what has come. */
  words(): string | undefined
}

export function readBy(stream: Socket, events: ReadingEvents): ReadingIncoming {
  const read = stream.read
  let reader: Reader | undefined
  let latest: Reader | undefined
  let framing: ReadHead['framing'] | undefined

  const told = (reading: Reading): Buffer | undefined => {
    switch (reading.is) {
      case 'head':
        framing = reading.framing
        events.head(reading)
        return Buffer.from(headFor(reading))
      case 'interim':
        return void events.interim(reading.status, reading.fields)
      case 'data':
        return framing?.by === 'chunks' ? chunk(reading.bytes) : Buffer.from(reading.bytes)
      case 'end':
        reader = undefined
        if (reading.spoilt) events.spoilt()
        return framing?.by === 'chunks' ? lastChunk(reading.trailers ?? []) : undefined
      case 'note':
        return void events.note(reading)
      case 'invalid':
        reader = undefined
        return void events.invalid(reading.message, reading.seen)
    }
  }
  /** What is wrong with the rest is said when undici has taken what stands before it. */
  let waiting: Reading[] = []
  const next = (): Buffer | null => {
    const parts: Buffer[] = []
    while (waiting.length > 0 && !(waiting[0]!.is === 'invalid' && parts.length > 0)) {
      const part = told(waiting.shift()!)
      if (part) parts.push(part)
    }
    return parts.length === 0 ? null : Buffer.concat(parts)
  }
  stream.read = (size?: number): Buffer | null => {
    for (;;) {
      const passed = next()
      if (passed) return passed
      const bytes = read.call(stream, size) as Buffer | null
      if (!reader) return bytes
      if (bytes !== null) waiting = reader.push(bytes)
      else if (hasEnded(stream)) waiting = reader.finish()
      if (bytes === null && waiting.length === 0) return null
    }
  }
  return {
    begin(next) {
      reader = latest = next
      framing = undefined
      waiting = []
    },
    words: () => latest?.words?.(),
  }
}

function lastChunk(trailers: readonly string[]): Buffer {
  const lines = trailers.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`))
  return Buffer.from(`0\r\n${lines.join('')}\r\n`, 'latin1')
}

const chunk = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

function headFor({ framing, last }: ReadHead): string {
  const told =
    framing.by === 'length'
      ? `Content-Length: ${framing.bytes}\r\n`
      : framing.by === 'chunks'
        ? 'Transfer-Encoding: chunked\r\n'
        : ''
  return `HTTP/1.1 200 OK\r\n${told}${last ? 'Connection: close\r\n' : ''}\r\n`
}

/** All that came was read, and no more comes: Node's own name for it, known before its `end`. */
const hasEnded = (stream: Socket): boolean =>
  (stream as unknown as { _readableState: { ended: boolean; length: number } })._readableState.ended
