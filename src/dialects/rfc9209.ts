/**
 * The standard's own dialect, RFC 9209: the status it recommends for a failure, and the Proxy-Status member that says
 * so. The mini proxy answers in it; it sees the failure, never what caused it.
 */
import { type BareItem, parseList, serializeItem, Token } from 'structured-headers'
import { errorTypes } from '../core/error_types.js'
import type { Failure } from '../core/failure.js'
import type { Answer, Asked, Dialect, Reached } from './dialect.js'
import { proxyErrorWord } from './proxy_error.js'
import { tlsAlerts } from './tls_alerts.js'

export const rfc9209: Dialect = {
  summary: 'RFC 9209: its recommended statuses, with Proxy-Status and X-Proxy-Error',
  tickMs: 1,
  tellsLast: true,
  via: true,
  answer,
  refusal,
  received: (existing, status, hop) =>
    existing === undefined && status < 500
      ? undefined
      : appendProxyStatus(existing, proxyStatusMember(hop, { receivedStatus: status })),
}

/** The recommended status, and who says so. */
function answer(failure: Failure, { hop, id }: Asked, { nextHop }: Reached): Answer {
  const status = statusOf(failure)
  const proxyError = proxyErrorWord(failure)
  const proxyStatus = proxyStatusMember(hop, { failure, nextHop })
  const body = `${status} ${reasonOf(status)}\n${failure.type}: ${failure.details}\n`
  const fields = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(new TextEncoder().encode(body).length),
  ]
  // Such an answer has to say how to do better (RFC 9110 section 15.5.8).
  if (status === 407) fields.push('Proxy-Authenticate', `Basic realm="${hop}", charset="UTF-8"`)
  fields.push('Proxy-Status', proxyStatus, 'X-Proxy-Error', proxyError, 'X-Request-Id', id)
  return { status, reason: reasonOf(status), fields, body, proxyStatus, proxyError }
}

function refusal(status: number, failure: Failure, { hop }: Asked): Answer {
  const proxyError = proxyErrorWord(failure)
  const fields = [
    'Proxy-Status',
    proxyStatusMember(hop, { failure }),
    'X-Proxy-Error',
    proxyError,
    'Content-Length',
    '0',
  ]
  // What comes behind a request that makes no sense may be meant as part of it.
  fields.push('Connection', 'close')
  return { status, reason: reasonOf(status), fields, body: '', proxyError }
}

/** RFC 9110 section 15 and RFC 6585, as far as they are said here. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

export const reasonOf = (status: number): string => REASONS[status] ?? ''

/**
 * The status to answer with: what the configuration says, else what the RFC recommends. Where the RFC leaves it open: 400
 * for a request that is the client's fault (`http_request_error`, "the 4xx itself"), and 500 for an answer that the proxy
 * made up (`proxy_internal_response`), as for the other types that are about the proxy alone.
 */
export function statusOf(failure: Failure): number {
  if (failure.status !== undefined) return failure.status
  const { status } = errorTypes[failure.type]
  if (status !== null) return status
  return failure.type === 'http_request_error' ? 400 : 500
}

/** What a hop has to say about one response. */
export interface HopReport {
  /** Absent when the response is an upstream's own, whatever its status. */
  failure?: Failure | undefined
  /** The next hop: a name, or host:port. */
  nextHop?: string | undefined
  /** The status that the next hop answered with. */
  receivedStatus?: number | undefined
}

/** One member of Proxy-Status (section 2), such as `lb; error=connection_refused; next-hop="127.0.0.1:8081"`. */
export function proxyStatusMember(hop: string, { failure, nextHop, receivedStatus }: HopReport): string {
  const parameters = new Map<string, BareItem>()
  if (failure) {
    parameters.set('error', new Token(failure.type))
    for (const [name, value] of extraParameters(failure)) parameters.set(name, value)
  }
  if (nextHop !== undefined) parameters.set('next-hop', nextHop.includes(':') ? printable(nextHop) : word(nextHop))
  if (receivedStatus !== undefined) parameters.set('received-status', receivedStatus)
  if (failure) parameters.set('details', printable(failure.details))
  return serializeItem([word(hop), parameters])
}

/**
 * The field with our member last, nearest the client (section 2). What came before stays as it was, unless it is no
 * structured list: a recipient would have to ignore the whole field then, our member too.
 */
export function appendProxyStatus(existing: string | undefined, member: string): string {
  const before = existing?.trim()
  return before && isList(before) ? `${before}, ${member}` : member
}

function extraParameters(failure: Failure): [string, BareItem][] {
  if (failure.type === 'dns_error') return failure.rcode === undefined ? [] : [['rcode', failure.rcode]]
  if (failure.type !== 'tls_alert_received' || failure.alert_id === undefined) return []
  const name = tlsAlerts[failure.alert_id]?.name
  const id: [string, BareItem] = ['alert-id', failure.alert_id]
  return name === undefined ? [id] : [id, ['alert-message', new Token(name)]]
}

/** RFC 9651 section 3.3.4. */
const TOKEN = /^[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*$/

/** A token where the text is one, else a string. */
const word = (text: string): BareItem => (TOKEN.test(text) ? new Token(text) : printable(text))

/** A String holds printable ASCII only (RFC 9651 section 3.3.3). */
const printable = (text: string): string => text.replace(/[^ -~]/g, '?')

function isList(field: string): boolean {
  try {
    parseList(field)
    return true
  } catch {
    return false
  }
}
