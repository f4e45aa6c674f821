/**
 * The books of one connection, kept from its socket's own events: what the classifier decides from. The dialler makes
 * them; an exchange opens a page per request.
 */
import type { Socket } from 'node:net'
import type { Books, Ending } from '../core/failure.js'
import type { Lookup } from '../journal/events.js'

export interface ConnectionBooks {
  /** The TCP handshake was done; and the TLS handshake, null where none is wanted. */
  connected: boolean
  secured: boolean | null
  /** Of the tunnel that a gateway was asked for; undefined where none is wanted. */
  passage: PassageBooks | undefined
  /** The first thing that ended the connection. */
  ending: Ending | undefined
  /** The TCP connection, from the SYN on. */
  raw: Socket | undefined
  /** What carries the HTTP: the TLS socket, or the raw one. */
  stream: Socket | undefined
  /** What was read last, while an exchange is on. */
  latest: Buffer | undefined
  /** Our end, host:port. */
  local: string | undefined
  connectMs: number | undefined
  tlsMs: number | undefined
  /** How its address was found, where the name was resolved. */
  lookup: Lookup | undefined
  /** The address that was dialled; undefined while none is known. */
  host: string | undefined
  /** Requests that were begun on it. */
  requests: number
  /** Nobody wants it any more; read before a SYN is sent. */
  abandoned: boolean
}

/** What is booked of a tunnel that a gateway was asked for. */
export interface PassageBooks {
  to: string
  /** How far it has come: TLS with the gateway, the answer of the gateway, or through. */
  at: 'tls' | 'asking' | 'through'
  status: number | undefined
  /** From asking to the answer. */
  ms: number | undefined
  /** The exit that the gateway has chosen, where it tells. */
  exit: string | undefined
  /** Bytes of the stream that came before the destination's. */
  bytes: number
}

/** Finds an address. Calls back with it, or with none: then `books.ending` says why. */
export type Resolve = (books: ConnectionBooks, found: (address: string | undefined) => void) => void

export const openBooks = (tls: boolean, passage?: PassageBooks): ConnectionBooks => ({
  connected: false,
  secured: tls ? false : null,
  passage,
  ending: undefined,
  raw: undefined,
  stream: undefined,
  latest: undefined,
  local: undefined,
  connectMs: undefined,
  tlsMs: undefined,
  lookup: undefined,
  host: undefined,
  requests: 0,
  abandoned: false,
})

/** Books whatever ends the socket, before anybody else gets to hear it. */
export function watchEnding(books: ConnectionBooks, socket: Socket): void {
  books.raw ??= socket
  socket.on('error', (error: NodeJS.ErrnoException) => {
    books.ending ??= endingOf(error, books.latest)
  })
  socket.on('end', () => {
    books.ending ??= { by: 'fin' }
  })
}

/**
 * A socket's error, or undici's. Its parser destroys the socket with an HTTPParserError, and answers some kinds of
 * invalid response with errors of its own.
 */
export function endingOf(error: NodeJS.ErrnoException & { data?: string }, latest?: Buffer): Ending {
  const code = error.code ?? ''
  if (error.name === 'HTTPParserError' || code.startsWith('HPE_') || UNDICI_PARSER.has(code)) {
    return { by: 'parser', message: error.message, seen: latest && seenUntil(latest, error.data) }
  }
  if (code === 'UND_ERR_SOCKET') {
    return error.message.startsWith('bad ') ? { by: 'parser', message: error.message } : { by: 'fin' }
  }
  return { by: 'error', code: code || error.name, message: error.message }
}

/** @param rest what undici gives of the bytes from the one on at which its parser stopped: read as UTF-8 */
function seenUntil(latest: Buffer, rest: string | undefined): string {
  let at = latest.length - (rest?.length ?? 0)
  if (rest) while (at > 0 && latest.toString('utf8', at) !== rest) at--
  return latest.toString('latin1', 0, Math.min(at + 1, SEEN_LIMIT))
}

/** Undici takes no longer head. */
const SEEN_LIMIT = 16_384

/** Its parser asserts what no valid response breaks, such as a status of at least 100. */
const UNDICI_PARSER = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ERR_ASSERTION'])

/** What the classifier needs of one exchange on the connection. */
export function pageOf(
  books: ConnectionBooks,
  page: Pick<Books, 'requestSent' | 'headComplete' | 'upgrade'>,
  startBytes: number,
): Books {
  const { passage, stream } = books
  const before = Math.max(startBytes, passage?.bytes ?? 0)
  return {
    connected: books.connected,
    gateway: passage?.at === 'through' ? undefined : passage?.at,
    secured: books.secured,
    requestSent: page.requestSent,
    headComplete: page.headComplete,
    upgrade: page.upgrade,
    responseBytes: (stream?.bytesRead ?? before) - before,
  }
}
