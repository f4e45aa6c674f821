/**
 * nginx's error log read back: the failure that a message tells of, the other way round from nginx.ts. nginx has one
 * sentence for several failures here and there; what else the words may mean is then in `or`. Drivers of the real nginx
 * call it, and whoever wants to know what a line means; it sees the words alone, and what an access log has beside them.
 */
import { type Books, classify, type Ending, type Failure, noServer, overLimit } from '../../core/failure.js'
import { verifyErrorCode } from '../openssl.js'

/** A message taken apart: what happened, while doing what, and what nginx puts behind that. */
export interface LoggedMessage {
  said: string
  action?: string | undefined
  client?: string | undefined
  server?: string | undefined
  request?: string | undefined
  upstream?: string | undefined
  host?: string | undefined
}

/** What is known beside the words, such as from the access log; each may be unknown. */
export interface KnownOfTry {
  /** Bytes that came of the response, its head included. */
  responseBytes?: number | undefined
  /** All of the request had been sent. */
  requestSent?: boolean | undefined
}

export interface Reading {
  /** The likeliest. */
  failure: Failure
  /** What nginx says in the same words; empty where they tell it all. */
  or: Failure[]
}

/** @param message without date, level, process and connection */
export function takeApart(message: string): LoggedMessage {
  const parts = TAIL.exec(message)
  if (!parts) return { said: message }
  const [, head = '', client, server, request, upstream, host] = parts
  const acting = /^(.*) while ([a-zA-Z ]+)$/s.exec(head)
  const common = { client, server: server || undefined, request, upstream, host }
  return acting ? { said: acting[1]!, action: acting[2], ...common } : { said: head, ...common }
}

const TAIL =
  /^(.*?), client: ([^,]*)(?:, server: ([^,]*))?(?:, request: "(.*?)")?(?:, subrequest: ".*?")?(?:, upstream: "(.*?)")?(?:, host: "(.*?)")?(?:, referrer: ".*")?$/s

/** The failure of a try, or of a request that no server was found for; undefined for what is none. */
export function readFailure(message: string | LoggedMessage, known: KnownOfTry = {}): Reading | undefined {
  const logged = typeof message === 'string' ? takeApart(message) : message
  const { said } = logged
  if (said === 'no live upstreams') {
    return { failure: noServer('no server may be tried'), or: [overLimit('no server has room')] }
  }
  const unresolved = /^\S+ could not be resolved \((\d+): /.exec(said)
  if (unresolved) return sure(classify(booksOf('connect'), { by: 'resolver', code: resolverCode(unresolved[1]!) }))
  const ending = endingOf(logged)
  return ending && candidates(logged, ending, known)
}

/** The client had left, or took nothing more: why a request ended that no upstream is to blame for. */
export const tellsClientLeft = ({ said }: LoggedMessage): boolean =>
  /client prematurely closed connection|^client timed out |^(?:send|writev|sendfile|recv)\(\) failed .* while sending to client$/.test(
    said,
  )

/** The request was refused before any server was asked: nginx tells what the client did. */
export function readRefusal({ said }: LoggedMessage): Failure | undefined {
  if (!/^client (?:sent|intended|closed)/.test(said)) return undefined
  return { type: 'http_request_error', stage: 'select', manner: 'http', details: said }
}

const sure = (failure: Failure): Reading => ({ failure, or: [] })

type Where = 'connect' | 'tls' | 'request' | 'head' | 'body' | 'tunnel'

const ACTIONS: Readonly<Record<string, Where>> = {
  'connecting to upstream': 'connect',
  'SSL handshaking to upstream': 'tls',
  'sending request to upstream': 'request',
  'reading response header from upstream': 'head',
  'reading upstream': 'body',
  'sending to client': 'body',
  'proxying upgraded connection': 'tunnel',
}

function booksOf(where: Where, responseBytes = 0): Books {
  return {
    connected: where !== 'connect',
    secured: where === 'tls' ? false : null,
    requestSent: where !== 'connect' && where !== 'tls' && where !== 'request',
    responseBytes: where === 'body' || where === 'tunnel' ? Math.max(1, responseBytes) : responseBytes,
    headComplete: where === 'body' || where === 'tunnel',
    upgrade: where === 'tunnel',
  }
}

/** One ending in all the states of the connection that nginx has these words for, the likeliest first. */
function candidates(logged: LoggedMessage, ending: Ending, known: KnownOfTry): Reading | undefined {
  const where = ACTIONS[logged.action ?? '']
  if (where === undefined) return undefined
  const found = placesOf(where, ending, known).flatMap((books) =>
    alike(logged, where, ending).map((each) => classify(books, each)),
  )
  const distinct = [...new Map(found.map((failure) => [JSON.stringify(failure), failure])).values()]
  return { failure: distinct[0]!, or: distinct.slice(1) }
}

/** Reading meets what happens while it still sends; whether anything had come by then is for the access log to say. */
function placesOf(where: Where, ending: Ending, { responseBytes, requestSent }: KnownOfTry): Books[] {
  const lost = ending.by === 'fin' || ending.by === 'error'
  // An RST right behind the handshake: nginx has sent something by the time that it hears of it.
  const atOnce =
    ending.by === 'error' && ending.code === 'ECONNRESET' && requestSent !== true ? [booksOf('connect')] : []
  if (where === 'tls') return [booksOf('tls'), ...atOnce]
  if (where !== 'head' || !lost) return [booksOf(where)]
  if (responseBytes !== undefined && responseBytes > 0) return [booksOf('head', responseBytes)]
  return [
    ...(requestSent === false ? [] : [booksOf('head')]),
    ...(requestSent === true ? [] : [booksOf('request')]),
    ...(responseBytes === undefined ? [booksOf('head', 1)] : []),
    ...atOnce,
  ]
}

/** Over TLS nginx takes any loss for a close, and while it sends it does not say which of its limits was over. */
function alike({ upstream }: LoggedMessage, where: Where, ending: Ending): Ending[] {
  const reads = where === 'head' || where === 'body' || where === 'tunnel'
  if (ending.by === 'fin' && reads && upstream?.startsWith('https:')) {
    return [ending, ...['ECONNRESET', 'EHOSTUNREACH'].map((code): Ending => ({ by: 'error', code, message: '' }))]
  }
  return ending.by === 'timer' && where === 'request' ? [ending, { by: 'timer', timer: 'read' }] : [ending]
}

function endingOf({ said, action }: LoggedMessage): Ending | undefined {
  if (/^upstream timed out \(110: /.test(said)) return timer(action)
  if (said === 'upstream prematurely closed connection' || said === 'peer closed connection in SSL handshake') {
    return { by: 'fin' }
  }
  const verify = /^upstream SSL certificate verify error: \((\d+):/.exec(said)
  if (verify) return { by: 'error', code: verifyErrorCode(Number(verify[1])), message: said }
  if (/^upstream SSL certificate does not match /.test(said)) {
    return { by: 'error', code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: said }
  }
  const tls = /^SSL_\w+\(\) failed(?: \(SSL: (.*)\))?$/s.exec(said)
  if (tls) return { by: 'error', code: 'EPROTO', message: tls[1] ?? '' }
  const errno = /(?:\(\)|\(\) to \S+) failed \((\d+): |^peer closed connection in SSL handshake \((\d+): /.exec(said)
  if (errno) return errnoEnding(errno[1] ?? errno[2]!)
  return parserEnding(said)
}

function timer(action: string | undefined): Ending {
  const where = ACTIONS[action ?? '']
  return {
    by: 'timer',
    timer: where === 'connect' || where === 'tls' ? 'connect' : where === 'request' ? 'send' : 'read',
  }
}

const errnoEnding = (number: string): Ending => {
  const code = ERRNOS[number] ?? `errno ${number}`
  return code === 'ETIMEDOUT' ? { by: 'timer', timer: 'connect' } : { by: 'error', code, message: '' }
}

/** Of Linux. */
const ERRNOS: Readonly<Record<string, string>> = {
  2: 'ENOENT',
  32: 'EPIPE',
  101: 'ENETUNREACH',
  104: 'ECONNRESET',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  113: 'EHOSTUNREACH',
}

/** nginx's resolver has no word of its own for a name without an address. */
const resolverCode = (number: string): string => RESOLVER_CODES[number] ?? 'ESERVFAIL'
const RESOLVER_CODES: Readonly<Record<string, string>> = {
  1: 'EFORMERR',
  2: 'ESERVFAIL',
  3: 'ENOTFOUND',
  4: 'ENOTIMP',
  5: 'EREFUSED',
  110: 'ETIMEOUT',
}

/** In the words that the classifier knows from a parser. */
function parserEnding(said: string): Ending | undefined {
  const parser = (message: string, seen?: string): Ending => ({ by: 'parser', message, seen })
  if (/^upstream sent too big (header|trailers)$/.test(said)) return parser('headers overflow')
  if (/^upstream sent invalid chunked response$/.test(said)) return parser('chunk data')
  if (/^upstream sent unknown "Transfer-Encoding"/.test(said)) return parser('unknown transfer coding')
  const header = /^upstream sent invalid header: "(.*)\\x([0-9a-f]{2})\.\.\."$/s.exec(said)
  if (header) return parser('header token', header[1] + String.fromCharCode(Number.parseInt(header[2]!, 16)))
  const twice = /^upstream sent duplicate header line: "(.*?)", previous value: "(.*)"$/s.exec(said)
  if (twice) return parser('content-length', `${twice[2]}\r\n${twice[1]}`)
  if (/^upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time$/.test(said)) {
    return parser('content-length', 'Content-Length: \r\nTransfer-Encoding: chunked')
  }
  return /^upstream sent (no valid HTTP|invalid)/.test(said) ? parser('not valid') : undefined
}
