/**
 * Caddy's errors read back: the failure that the words of Go's net/http tell of, the other way round from error_log.ts.
 * Where they are the same for several failures, what else they may mean is in `or`. The driver of the real Caddy calls it,
 * and whoever wants to know what a line means.
 */
import { type Books, classify, type Ending, type Failure, noServer, overLimit } from '../../core/failure.js'
import { alertOf } from './go_tls.js'

/** What is known beside the words; each may be unknown. */
export interface KnownOfTry {
  /** The server is spoken to over TLS. */
  secured?: boolean | undefined
  /** The head of the response was there. */
  headComplete?: boolean | undefined
}

export interface Reading {
  /** The likeliest. */
  failure: Failure
  /** What Go says in the same words; empty where they tell it all. */
  or: Failure[]
}

export const NO_UPSTREAMS = 'no upstreams available'

/** The client had left: no failure of an upstream. */
export const tellsClientLeft = (error: string): boolean =>
  error === 'context canceled' || error.startsWith('writing: ') || error === 'client disconnected'

/** The failure of a try, or of a request that no server was found for; undefined for what is none. */
export function readFailure(error: string, known: KnownOfTry = {}): Reading | undefined {
  if (error === NO_UPSTREAMS)
    return { failure: noServer('no server may be tried'), or: [overLimit('no server has room')] }
  if (tellsClientLeft(error)) return undefined
  const said = error.replace(BROKEN, '')
  const ending = endingOf(said)
  if (!ending) return undefined
  const found = placesOf(said, ending, known).map((books) => classify(books, ending))
  if (!known.headComplete && mayBeCut(said)) found.push(...CUTS.map((cut) => classify(booksOf('part'), cut)))
  const distinct = [...new Map(found.map((failure) => [JSON.stringify(failure), failure])).values()]
  return { failure: distinct[0]!, or: distinct.slice(1) }
}

/** What Go puts before an error with which it read a response. */
const BROKEN = /^net\/http: HTTP\/1\.x transport connection broken: /

/** A line without its end is read as it is: what is wrong with it may be that the rest is missing. */
const mayBeCut = (said: string): boolean =>
  /^(malformed (MIME header|HTTP (response|status code|version))|bad Content-Length|unsupported transfer)/.test(said) ||
  said === 'unexpected EOF'

const CUTS: readonly Ending[] = [{ by: 'fin' }, { by: 'error', code: 'ECONNRESET', message: '' }]

type Where = 'connect' | 'tls' | 'request' | 'head' | 'part' | 'body'

const booksOf = (where: Where): Books => ({
  connected: where !== 'connect',
  secured: where === 'tls' ? false : null,
  requestSent: where === 'head' || where === 'part' || where === 'body',
  responseBytes: where === 'part' || where === 'body' ? 1 : 0,
  headComplete: where === 'body',
})

/** The states of the connection in which Go has these words for that ending, the likeliest first. */
function placesOf(said: string, ending: Ending, { secured, headComplete }: KnownOfTry): Books[] {
  if (headComplete) return [booksOf('body')]
  if (/^dial /.test(said)) return [booksOf('connect')]
  if (/^(x509|tls|remote error|net\/http: TLS handshake)/.test(said)) return [booksOf('tls')]
  if (ending.by === 'parser') return [booksOf('head')]
  if (said === 'unexpected EOF') return [booksOf('part')]
  if (ending.by === 'timer') return [booksOf('head')]
  if (/^write /.test(said)) return [booksOf('request'), booksOf('head'), ...(secured === true ? [booksOf('tls')] : [])]
  const before = secured === false ? [] : [booksOf('tls')]
  // While the request is still sent Go reads as well.
  const [likely, other] = secured === true ? [before, [booksOf('head')]] : [[booksOf('head')], before]
  const lost = ending.by === 'error' ? [booksOf('connect')] : []
  return [...likely, ...other, booksOf('request'), ...(ending.by === 'error' ? [booksOf('part')] : []), ...lost]
}

function endingOf(said: string): Ending | undefined {
  const lookup = /lookup \S+(?: on \S+)?: (.*)$/.exec(said)
  if (lookup) return { by: 'resolver', code: resolverCode(lookup[1]!) }
  if (/^net\/http: TLS handshake timeout$/.test(said)) return { by: 'timer', timer: 'connect' }
  if (/^net\/http: timeout awaiting response headers$/.test(said)) return { by: 'timer', timer: 'read' }
  const timedOut = /^(dial|read|write) .*i\/o timeout$/.exec(said)
  if (timedOut) return { by: 'timer', timer: TIMERS[timedOut[1]!]! }
  const errno = /: (?:connect|read|write): (.*)$/.exec(said)
  if (errno) return { by: 'error', code: ERRNOS[errno[1]!] ?? errno[1]!, message: '' }
  if (
    /^(unexpected )?EOF$|^http: server closed idle connection$|^net\/http: HTTP\/1.x transport connection broken$/.test(
      said,
    )
  )
    return { by: 'fin' }
  const alert = /^remote error: tls: (.*)$/.exec(said)
  if (alert) return { by: 'error', code: 'EPROTO', message: `alert number ${alertOf(alert[1]!) ?? 0}` }
  if (/^x509: /.test(said)) return { by: 'error', code: certificateCode(said), message: said }
  if (/^tls: /.test(said)) return { by: 'error', code: 'EPROTO', message: said }
  return parserEnding(said)
}

const TIMERS: Readonly<Record<string, 'connect' | 'read' | 'send'>> = { dial: 'connect', read: 'read', write: 'send' }

/** Go's words for the errno of Linux. */
const ERRNOS: Readonly<Record<string, string>> = {
  'connection refused': 'ECONNREFUSED',
  'connection reset by peer': 'ECONNRESET',
  'broken pipe': 'EPIPE',
  'no route to host': 'EHOSTUNREACH',
  'network is unreachable': 'ENETUNREACH',
  'no such file or directory': 'ENOENT',
  'connection timed out': 'ETIMEDOUT',
}

/** Go has two words for whatever a name server says that is no address. */
function resolverCode(said: string): string {
  if (said === 'no such host') return 'ENOTFOUND'
  return /timeout|deadline/.test(said) ? 'ETIMEOUT' : 'ESERVFAIL'
}

function certificateCode(said: string): string {
  if (/has expired or is not yet valid: current time \S+ is before/.test(said)) return 'CERT_NOT_YET_VALID'
  if (/has expired/.test(said)) return 'CERT_HAS_EXPIRED'
  if (/signed by unknown authority/.test(said)) return 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  if (/^x509: (certificate is (?:not )?valid for|cannot validate certificate for)/.test(said)) {
    return 'ERR_TLS_CERT_ALTNAME_INVALID'
  }
  return 'UNSPECIFIED'
}

/** In the words that the classifier knows from a parser. */
function parserEnding(said: string): Ending | undefined {
  const parser = (message: string, seen?: string): Ending => ({ by: 'parser', message, seen })
  if (/response headers exceeded/.test(said)) return parser('headers overflow')
  if (/chunk(ed)? |chunked encoding|trailer header/.test(said)) return parser('chunk data')
  if (/^unsupported transfer encoding/.test(said)) return parser('unknown transfer coding')
  const lengths = /^http: message cannot contain multiple Content-Length headers; got \["(.*?)" "(.*?)"/.exec(said)
  if (lengths) return parser('content-length', `Content-Length: ${lengths[1]}\r\nContent-Length: ${lengths[2]}`)
  if (/^malformed |^bad Content-Length|^invalid |unexpected content length/.test(said)) return parser('not valid')
  return undefined
}
