/**
 * A tunnel asked of a gateway: CONNECT and its answer (RFC 9110 section 9.3.6), on a connection that dial.ts has made and
 * before anything is said to the destination. A refusal is left in the stream, for whoever reads responses there.
 */
import { type IncomingMessage, request as startRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { type ConnectionBooks, endingOf, type PassageBooks } from './books.js'
import { monotonicMs } from './clock.js'

/** What to ask a gateway for. */
export interface Passage {
  /** host:port of the destination, as the gateway knows it. */
  to: string
  /** Names and values in turn, beside Host. */
  fields: string[]
  /** How TLS is spoken with the gateway itself; plain TCP if absent. */
  tls?: ConnectionOptions | undefined
}

export const openPassage = ({ to, tls }: Passage): PassageBooks => ({
  to,
  at: tls ? 'tls' : 'asking',
  status: undefined,
  ms: undefined,
  exit: undefined,
  bytes: 0,
})

/** @param answered is called with the answer; without one the stream is closed, and `books.ending` says why */
export function askForPassage(
  stream: Socket,
  { to, fields }: Passage,
  books: ConnectionBooks,
  answered: (granted: boolean) => void,
): void {
  const page = books.passage!
  const asked = monotonicMs()
  page.at = 'asking'
  const failed = (error: Error): void => {
    books.ending ??= endingOf(error)
    stream.destroy()
  }
  const heard = (response: IncomingMessage, _stream: unknown, rest: Buffer): void => {
    const status = response.statusCode!
    // Node takes whatever comes first for the answer, and others may come before that (RFC 9110 section 15.2).
    if (status < 200) {
      if (rest.length > 0) stream.unshift(rest)
      return speak(stream, to, [], failed, heard, false)
    }
    page.status = status
    page.ms = monotonicMs() - asked
    page.exit = response.headers['x-exit-node']?.toString()
    const granted = status >= 200 && status < 300
    const back = granted ? rest : Buffer.concat([headOf(response), rest])
    if (granted) {
      page.at = 'through'
      page.bytes = stream.bytesRead - rest.length
    }
    if (back.length > 0) stream.unshift(back)
    answered(granted)
  }
  speak(stream, to, ['Host', to, ...fields], failed, heard)
}

/** @param aloud false: only an answer is read, to what has been said */
function speak(
  stream: Socket,
  to: string,
  headers: string[],
  failed: (error: Error) => void,
  heard: (response: IncomingMessage, stream: unknown, rest: Buffer) => void,
  aloud = true,
): void {
  const { write } = stream
  if (!aloud) stream.write = () => true
  startRequest({ createConnection: () => stream, method: 'CONNECT', path: to, headers })
    .on('error', failed)
    .on('connect', (response, _stream, rest) => {
      if (!aloud) stream.write = write
      heard(response, _stream, rest)
    })
    .end()
}

/** As it came, but for spaces around values. */
function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
