/**
 * What nginx writes to its error log about a failure, word for word as nginx 1.22.1 with OpenSSL 3.0 was seen to. The
 * mini proxy journals it; nginx's own statuses and pages are not here.
 */
import type { Failure, Stage } from '../../core/failure.js'
import type { ErrorLog, LogContext, LogLine } from '../log_line.js'
import { alertError, verifyError } from '../openssl.js'

/** The line for a try that failed. What nginx has no words for is given in ours, behind `upstream failed:`. */
export function errorLogLine(told: Failure, context: LogContext): LogLine {
  const failure = met(told, context)
  const message =
    failure.stage === 'dns'
      ? `${context.name} could not be resolved (${notResolved(failure)})${tail({ ...context, upstream: undefined })}`
      : `${said(failure, context)} while ${doing(failure, context)}${tail(context)}`
  return { level: failure.no_file ? 'crit' : 'error', message }
}

/** A connection that is reset as soon as it is there: by the time that nginx hears of it, it has sent something. */
function met(failure: Failure, context: LogContext): Failure {
  if (failure.stage !== 'connect' || failure.type !== 'connection_terminated' || failure.manner !== 'reset')
    return failure
  return { ...failure, stage: overTls(context) ? 'tls' : 'response_head' }
}

/** The words of nginx's resolver; a name without an address is not found for it. It is at no action then. */
function notResolved({ type, rcode }: Failure): string {
  if (type === 'dns_timeout') return '110: Operation timed out'
  return RESOLVER_ERRORS[rcode ?? ''] ?? '2: Server failure'
}

const RESOLVER_ERRORS: Readonly<Record<string, string>> = {
  FORMERR: '1: Format error',
  SERVFAIL: '2: Server failure',
  NXDOMAIN: '3: Host not found',
  NOERROR: '3: Host not found',
  NOTIMP: '4: Unimplemented',
  REFUSED: '5: Operation refused',
}

/** The line for a server that has failed as often as max_fails says. */
export function excludedLine(context: LogContext): LogLine {
  return { level: 'warn', message: `upstream server temporarily disabled while connecting to upstream${tail(context)}` }
}

/** The line for a request beyond the rate limit; the zone goes by the name of the proxy. */
export const limitedLine = (excess: number, context: LogContext): LogLine => ({
  level: 'error',
  message: `limiting requests, excess: ${excess.toFixed(3)} by zone "${context.server}"${tail({ ...context, upstream: undefined })}`,
})

/** The line for a request that is not passed on; undefined where nginx's words depend on more than is known here. */
export function refusedLine({ details, fields = [] }: Failure, context: LogContext): LogLine | undefined {
  // It stops at the method's target, before any field.
  if (details === 'CONNECT is not spoken here') {
    const line = 'client sent invalid request while reading client request line'
    return { level: 'info', message: `${line}${tail({ ...context, upstream: undefined, host: undefined })}` }
  }
  const said = refusalSaid(details, fields)
  if (said === undefined) return undefined
  const about = `${said} while reading client request headers`
  return { level: 'info', message: `${about}${tail({ ...context, upstream: undefined })}` }
}

function refusalSaid(details: string, [one, other]: readonly string[]): string | undefined {
  if (details === 'Host is missing') return 'client sent HTTP/1.1 request without "Host" header'
  if (details === 'Host is invalid') return 'client sent invalid host header'
  if (details === 'more than one Host') {
    return `client sent duplicate host header: "Host: ${other}", previous value: "Host: ${one}"`
  }
  if (details.startsWith('transfer coding')) return `client sent unknown "Transfer-Encoding": "${one}"`
  return undefined
}

/** The line for what nginx finds worth one in a response, and goes on. */
export const noteLine = (level: LogLine['level'], text: string, stage: Stage, context: LogContext): LogLine => ({
  level,
  message: `${text} while ${ACTIONS[stage]}${tail(context)}`,
})

/** The line for a client that left before the response was complete: status 499 in nginx's access log. */
export function clientLeftLine(context: LogContext, stage: Stage = 'response_head'): LogLine {
  // Waiting for the head, nginx says that it is still sending; under TLS the handshake's last records made it read.
  const action = stage === 'response_head' && !overTls(context) ? ACTIONS.request : ACTIONS[stage]
  const left = 'epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too'
  return { level: 'info', message: `${left} while ${action}${tail(context)}` }
}

/** The line for a client that took nothing more of the response for too long; 408 has no place in it any more. */
export const clientStalledLine = (context: LogContext): LogLine => ({
  level: 'info',
  message: `client timed out (110: Connection timed out) while sending to client${tail(context)}`,
})

const ACTIONS: Record<Stage, string> = {
  select: 'connecting to upstream',
  dns: 'connecting to upstream',
  connect: 'connecting to upstream',
  tls: 'SSL handshaking to upstream',
  request: 'sending request to upstream',
  response_head: 'reading response header from upstream',
  response_body: 'reading upstream',
  tunnel: 'proxying upgraded connection',
}

/** While it sends, nginx meets by reading whatever is not a timeout or a write that fails. */
function doing(failure: Failure, context: LogContext): string {
  const lost = (failure.manner === 'reset' || failure.manner === 'unroutable') && !overTls(context)
  const writing = failure.manner === 'timeout' || lost
  return failure.stage === 'request' && !writing ? ACTIONS.response_head : ACTIONS[failure.stage]
}

function said(failure: Failure, context: LogContext): string {
  if (failure.manner === 'timeout') return 'upstream timed out (110: Connection timed out)'
  switch (failure.type) {
    case 'destination_unavailable':
    case 'connection_limit_reached':
      return 'no live upstreams'
    case 'connection_refused':
      return `connect()${toSocket(context)} failed ${failure.no_file ? '(2: No such file or directory)' : '(111: Connection refused)'}`
    case 'destination_ip_unroutable':
      return `connect() to ${addressOf(context)} failed (101: Network is unreachable)`
    case 'connection_terminated':
    case 'http_response_incomplete':
      return ended(failure, context)
    case 'tls_certificate_error':
      return unverified(failure, context)
    case 'tls_alert_received':
      return tlsFailed(failure, failure.alert_id === undefined ? undefined : alertError(failure.alert_id))
    case 'tls_protocol_error':
      return tlsFailed(failure, failure.tls_error)
    default:
      return unusable(failure)
  }
}

function ended({ stage, manner }: Failure, context: LogContext): string {
  const errno = manner === 'unroutable' ? '(113: No route to host)' : '(104: Connection reset by peer)'
  if (stage === 'connect' && manner === 'unroutable') return `connect() failed ${errno}`
  if (stage === 'tls') return `peer closed connection in SSL handshake${manner === 'closed' ? '' : ` ${errno}`}`
  // Reading TLS, nginx takes an RST for a close.
  if (manner === 'closed' || overTls(context)) return 'upstream prematurely closed connection'
  const call = stage === 'request' ? 'writev' : stage === 'response_body' ? 'readv' : 'recv'
  return `${call}() failed ${errno}`
}

function unverified(failure: Failure, context: LogContext): string {
  return failure.certificate_error === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? `upstream SSL certificate does not match "${context.serverName ?? addressOf(context)}"`
    : `upstream SSL certificate verify error: (${verifyError(failure.certificate_error)})`
}

function tlsFailed(failure: Failure, error: string | undefined): string {
  const call = failure.stage === 'tls' ? 'SSL_do_handshake' : 'SSL_read'
  return `${call}() failed${error === undefined ? '' : ` (SSL: ${error})`}`
}

function unusable(failure: Failure): string {
  switch (failure.type) {
    case 'http_response_header_section_size':
    case 'http_response_header_size':
      return 'upstream sent too big header'
    case 'http_response_trailer_section_size':
    case 'http_response_trailer_size':
      return 'upstream sent too big trailers'
    case 'http_response_transfer_coding':
      return 'upstream sent invalid chunked response'
    case 'http_protocol_error':
      return invalidHead(failure.fields ?? [])
    default:
      return `upstream failed: ${failure.details}`
  }
}

/** One line: up to its first invalid byte. Two: lengths that contradict each other, in the words of nginx 1.31. */
function invalidHead([one, other]: readonly string[]): string {
  if (one === undefined) return 'upstream sent no valid HTTP/1.0 header'
  if (other === undefined) {
    const byte = one
      .charCodeAt(one.length - 1)
      .toString(16)
      .padStart(2, '0')
    return `upstream sent invalid header: "${one.slice(0, -1)}\\x${byte}..."`
  }
  const name = (line: string) => line.slice(0, line.indexOf(':')).toLowerCase()
  return name(one) === name(other)
    ? `upstream sent duplicate header line: "${other}", previous value: "${one}"`
    : 'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time'
}

const overTls = ({ upstream }: LogContext): boolean => upstream?.startsWith('https:') === true

/** A connect that fails at once is told with its address: nginx meets those at unix sockets. */
function toSocket({ upstream }: LogContext): string {
  const path = /^http:\/\/(unix:[^:]+):/.exec(upstream ?? '')?.[1]
  return path === undefined ? '' : ` to ${path}`
}

/** host:port of the URL. */
const addressOf = ({ upstream }: LogContext): string => /^\w+:\/\/([^/?#]*)/.exec(upstream ?? '')?.[1] ?? ''

function tail({ client, server, request, upstream, host }: LogContext): string {
  const asked = upstream === undefined ? '' : `, upstream: "${upstream}"`
  const named = host === undefined ? '' : `, host: "${host}"`
  return `, client: ${client}, server: ${server}, request: "${request}"${asked}${named}`
}

export const nginxErrorLog: Partial<ErrorLog> = {
  failed: errorLogLine,
  excluded: excludedLine,
  limited: limitedLine,
  noted: noteLine,
  clientLeft: clientLeftLine,
  clientStalled: clientStalledLine,
}
