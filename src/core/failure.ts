/**
 * What a hop perceived when an exchange with the next hop went wrong, and how that is decided from the books of the
 * connection. Both engines, the mini proxy and the clients call `classify`; it sees bytes and timing, never a cause,
 * a scenario or a fault.
 */
import type { ErrorType } from './error_types.js'

/** The moment of the exchange in which it failed, in the order in which they pass. */
export const stages = [
  'select',
  'dns',
  'connect',
  'tls',
  'request',
  'response_head',
  'response_body',
  'tunnel',
] as const
export type Stage = (typeof stages)[number]

/** How the other side, or a timer of ours, ended it: tells an RST from a FIN where the error type does not. */
export const manners = [
  'unresolved',
  'refused',
  'unroutable',
  'reset',
  'closed',
  'timeout',
  'alert',
  'certificate',
  'tls',
  'http',
  'unavailable',
  'unauthorized',
  'overloaded',
  'exhausted',
  'paused',
  'exit',
  'internal',
] as const
export type Manner = (typeof manners)[number]

/** A failure is a value: it is written to the journal and translated by the dialects. */
export interface Failure {
  type: ErrorType
  stage: Stage
  manner: Manner
  /** One short sentence in our words, without addresses: the same facts give the same text. */
  details: string
  /** What the name server said, by its name in the registry of DNS: NXDOMAIN, SERVFAIL, REFUSED, NOERROR. */
  rcode?: string
  /** The TLS alert that was received (RFC 8446 section 6.2). */
  alert_id?: number
  /** It was the limit of one try, and not of the whole request. */
  per_try?: true
  /** What the proxy's configuration has it answered with, where that is not left to the dialect. */
  status?: number
  /** OpenSSL's name of the verification error, e.g. CERT_HAS_EXPIRED. */
  certificate_error?: string
  /** The header lines at fault as they came, each up to and with the first byte that may not stand there; Latin-1. */
  fields?: string[]
  /** The address is a file, and there is none: nobody listens there either. */
  no_file?: true
  /** What OpenSSL said went wrong, without the place in its source: error:0A00010B:SSL routines::wrong version number. */
  tls_error?: string
  /** What the reader of responses says of it, where it is a product's own: in that product's words. */
  said?: string
  /** It was read off a log whose words may mean one of these just as well. */
  or?: Pick<Failure, 'type' | 'stage' | 'manner'>[]
}

/** How an exchange ended, as the socket, a timer or the parser told it. The first to happen is the one to book. */
export type Ending =
  | { by: 'error'; code: string; message: string }
  | { by: 'fin' }
  | { by: 'timer'; timer: TimerName }
  /** `seen`: what it had read of the response last, up to and with the byte at which it stopped; Latin-1. */
  | { by: 'parser'; message: string; seen?: string | undefined }
  /** No address was found for the name: the code is c-ares', as Node's dns.Resolver gives it. */
  | { by: 'resolver'; code: string }

/** Whose limit it was: the dialler's, between two writes, between two arrivals, for the whole response, or for the whole try. */
export type TimerName = 'connect' | 'send' | 'read' | 'response' | 'try'

/** The books of one exchange on one connection. */
export interface Books {
  /** The TCP handshake was done. */
  connected: boolean
  /** A gateway stands before the destination, and it came no further than that: TLS with it, or its answer. */
  gateway?: 'tls' | 'asking' | undefined
  /** The TLS handshake was done; null where none was wanted. */
  secured: boolean | null
  /** The whole request, body included, was handed over. */
  requestSent: boolean
  /** Bytes of the response that arrived, after decryption; those of earlier responses don't count. */
  responseBytes: number
  /** The response head was parsed. */
  headComplete: boolean
  /** Another protocol was asked for; it is spoken since the head was complete. */
  upgrade?: boolean
}

/** The failure that these books and this ending amount to. */
export function classify(books: Books, ending: Ending): Failure {
  if (ending.by === 'resolver') return unresolved(ending.code)
  const stage = stageOf(books)
  if (ending.by === 'timer') return timedOut(stage, ending.timer)
  if (ending.by === 'parser') return unparsable(stage, ending.message, ending.seen ?? '', books.upgrade)
  if (ending.by === 'fin') return ended(books, stage, 'closed')
  const alert = /alert number (\d+)/.exec(ending.message)
  if (alert && books.connected) return alerted(stage, Number(alert[1]))
  if (RESETS.has(ending.code)) return ended(books, stage, 'reset')
  // The kernel gave up on a peer that acknowledges nothing: its timer, not ours.
  if (ending.code === 'ETIMEDOUT') return timedOut(stage, books.requestSent ? 'read' : 'send')
  if (stage === 'connect') return unconnected(ending.code)
  if (UNROUTABLE.has(ending.code)) return ended(books, stage, 'unroutable')
  if (stage === 'tls' && isCertificateCode(ending.code)) return unverified(ending.code)
  if (TLS_FAILED.test(ending.code)) return tlsBroken(stage, ending)
  return internal(stage, ending.code)
}

/** The failure of a request for which no server may be tried. */
export const noServer = (details: string): Failure => ({
  type: 'destination_unavailable',
  stage: 'select',
  manner: 'unavailable',
  details,
})

/** The failure of a request for which there are servers, but none with room. */
export const overLimit = (details: string): Failure => ({
  type: 'connection_limit_reached',
  stage: 'select',
  manner: 'unavailable',
  details,
})

/** The failure of a request beyond the rate that its proxy lets in. */
export const overRate = (status: number): Failure => ({
  type: 'http_request_denied',
  stage: 'select',
  manner: 'unavailable',
  details: 'more requests than the rate limit lets in',
  status,
})

/** The failure of a request that waited for a server with room, in vain. */
export const waitedTooLong = (): Failure => ({
  type: 'connection_timeout',
  stage: 'select',
  manner: 'timeout',
  details: 'waited too long for a server',
})

/** The answers of a name server that hold no address; NOERROR is one that knows the name, but none of its addresses. */
const RCODES: Readonly<Record<string, [rcode: string, details: string]>> = {
  ENOTFOUND: ['NXDOMAIN', 'no such name'],
  ESERVFAIL: ['SERVFAIL', 'the name server failed'],
  EREFUSED: ['REFUSED', 'the name server refused'],
  ENODATA: ['NOERROR', 'the name has no address'],
  EFORMERR: ['FORMERR', 'the name server did not understand'],
  ENOTIMP: ['NOTIMP', 'the name server has no such service'],
}

/** RFC 9209 would take an info-code (RFC 8914) as well; no resolver of Node shows one. */
function unresolved(code: string): Failure {
  const stage = 'dns'
  if (code === 'ETIMEOUT') {
    return { type: 'dns_timeout', stage, manner: 'timeout', details: 'the name server did not answer' }
  }
  const known = RCODES[code]
  const failure: Failure = {
    type: 'dns_error',
    stage,
    manner: 'unresolved',
    details: known?.[1] ?? `no answer: ${code}`,
  }
  return known ? { ...failure, rcode: known[0] } : failure
}

/** Another protocol was agreed on, and then not spoken as its rules are. */
export const misspoken = (details: string): Failure => ({
  type: 'http_upgrade_failed',
  stage: 'tunnel',
  manner: 'http',
  details,
})

const RESETS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])
const UNROUTABLE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EHOSTDOWN'])

function stageOf(books: Books): Stage {
  if (!books.connected) return 'connect'
  if (books.gateway === 'tls') return 'tls'
  if (books.gateway === 'asking') return books.headComplete ? 'response_body' : 'response_head'
  if (books.secured === false) return 'tls'
  if (books.headComplete) return books.upgrade ? 'tunnel' : 'response_body'
  return books.requestSent || books.responseBytes > 0 ? 'response_head' : 'request'
}

const HOW = { reset: 'connection reset', closed: 'connection closed', unroutable: 'route lost' } as const

/** The connection was closed (FIN), reset (RST) or cut off under the exchange: what is missing decides. */
function ended(books: Books, stage: Stage, manner: keyof typeof HOW): Failure {
  const how = HOW[manner]
  if (stage === 'connect') return { type: 'connection_terminated', stage, manner, details: `${how} while connecting` }
  if (stage === 'tls') return { type: 'connection_terminated', stage, manner, details: `${how} in the TLS handshake` }
  if (stage === 'tunnel') return { type: 'connection_terminated', stage, manner, details: `${how} within the tunnel` }
  if (books.responseBytes === 0) {
    return { type: 'connection_terminated', stage, manner, details: `${how} before any byte of a response` }
  }
  const part = stage === 'response_body' ? 'body' : 'head'
  return { type: 'http_response_incomplete', stage, manner, details: `${how} within the response ${part}` }
}

function timedOut(stage: Stage, timer: TimerName): Failure {
  if (timer === 'try') {
    return { type: 'http_response_timeout', stage, manner: 'timeout', details: 'the try took too long' }
  }
  if (stage === 'connect' || stage === 'tls') {
    const details = stage === 'tls' ? 'TLS handshake timed out' : 'connect timed out'
    return { type: 'connection_timeout', stage, manner: 'timeout', details }
  }
  if (timer === 'send') {
    return { type: 'connection_write_timeout', stage, manner: 'timeout', details: 'sending the request timed out' }
  }
  if (timer === 'response') {
    return { type: 'http_response_timeout', stage, manner: 'timeout', details: 'the whole response took too long' }
  }
  const what = { tunnel: 'waiting in the tunnel', response_body: 'reading the response body' }[stage as string]
  const details = `${what ?? 'reading the response head'} timed out`
  return { type: 'connection_read_timeout', stage, manner: 'timeout', details }
}

/** The parser's words are llhttp's or undici's; the framing of a chunked body is the one transfer coding there is. */
function unparsable(stage: Stage, message: string, seen: string, upgrade = false): Failure {
  const manner = 'http'
  if (/headers?.overflow/i.test(message)) {
    return stage === 'response_body'
      ? { type: 'http_response_trailer_section_size', stage, manner, details: 'response trailers too large' }
      : { type: 'http_response_header_section_size', stage, manner, details: 'response head too large' }
  }
  if (/chunk (size|data|ext)/i.test(message)) {
    return { type: 'http_response_transfer_coding', stage, manner, details: 'a chunk of the response is invalid' }
  }
  if (message === 'unknown transfer coding') {
    return { type: 'http_response_transfer_coding', stage, manner, details: 'transfer coding other than chunked' }
  }
  if (upgrade && message === 'bad upgrade') {
    return { type: 'http_upgrade_failed', stage, manner, details: 'switched to another protocol than was asked for' }
  }
  const details = message === 'bad upgrade' ? 'switched protocols unasked' : 'response is not valid HTTP'
  const invalid: Failure = { type: 'http_protocol_error', stage, manner, details }
  return stage === 'response_head' ? { ...invalid, ...fieldsAtFault(message, seen) } : invalid
}

/** The header lines with which it went wrong, where it was one or two of them. */
function fieldsAtFault(message: string, seen: string): Pick<Failure, 'details' | 'fields'> | undefined {
  if (/header (token|value)/i.test(message)) {
    const line = seen.slice(seen.lastIndexOf('\n', seen.length - 2) + 1)
    return { details: 'a header field of the response is invalid', ...(line && { fields: [line] }) }
  }
  const lengths = seen.match(/^(content-length|transfer-encoding):[^\r\n]*/gim) ?? []
  if (!/content-length/i.test(message) || lengths.length < 2) return undefined
  return { details: 'the length of the response is told in two ways', fields: lengths.slice(0, 2) }
}

function unconnected(code: string): Failure {
  const stage = 'connect'
  if (code === 'ECONNREFUSED') {
    return { type: 'connection_refused', stage, manner: 'refused', details: 'connection refused' }
  }
  // A unix socket's listener ended in order and took its file away; nobody listens, as with a port that is refused.
  if (code === 'ENOENT') {
    return { type: 'connection_refused', stage, manner: 'refused', details: 'no such socket file', no_file: true }
  }
  if (UNROUTABLE.has(code)) {
    return { type: 'destination_ip_unroutable', stage, manner: 'unroutable', details: 'no route to the address' }
  }
  return internal(stage, code)
}

function alerted(stage: Stage, alertId: number): Failure {
  return { type: 'tls_alert_received', stage, manner: 'alert', details: `TLS alert ${alertId}`, alert_id: alertId }
}

/** Node's codes for what OpenSSL or its own check of the name found; UNSPECIFIED is what it has no code for. */
const CERTIFICATE =
  /CERT|CRL|_ISSUER|LEAF_SIGNATURE|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE|HOSTNAME_MISMATCH|^UNSPECIFIED$/
/** EPROTO is what a write says where a read says ERR_SSL_… */
const TLS_FAILED = /^(EPROTO$|ERR_SSL_|ERR_OSSL_|ERR_TLS_)/

const isCertificateCode = (code: string): boolean => CERTIFICATE.test(code) && !/^ERR_O?SSL_/.test(code)

const unverified = (code: string): Failure => ({
  type: 'tls_certificate_error',
  stage: 'tls',
  manner: 'certificate',
  details: `certificate not accepted: ${code}`,
  certificate_error: code,
})

/** OpenSSL's own reason where it gave one: the code depends on whether a read or a write met it. */
function tlsBroken(stage: Stage, { code, message }: { code: string; message: string }): Failure {
  const said = /error:([0-9A-F]{8}):([^:]*):[^:]*:([^:]+)/i.exec(message)
  const failure: Failure = {
    type: 'tls_protocol_error',
    stage,
    manner: 'tls',
    details: `TLS failed: ${said?.[3] ?? code}`,
  }
  return said ? { ...failure, tls_error: `error:${said[1]}:${said[2]}::${said[3]}` } : failure
}

const internal = (stage: Stage, code: string): Failure => ({
  type: 'proxy_internal_error',
  stage,
  manner: 'internal',
  details: `unexpected error ${code}`,
})
