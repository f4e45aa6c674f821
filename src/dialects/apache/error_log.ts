/**
 * What Apache 2.4.71 writes to its error log about a failure, at `LogLevel info`, word for word as it was seen to, from the
 * module on. A try often is worth several lines. Process and thread are those of the mini proxy: it has one of each.
 */
import type { Failure } from '../../core/failure.js'
import type { ErrorLog, LogContext, LogLine } from '../log_line.js'
import { verifyError } from '../openssl.js'
import { tlsAlerts } from '../tls_alerts.js'
import { type Course, courseOf, IN_TRAILERS, isSilent } from './fault.js'

export const apacheErrorLog: Partial<ErrorLog> = {
  failed: (failure, context) => linesOf(failure, courseOf(failure), context),
  excluded: excludedLine,
  noted: (level, text, _stage, context) =>
    text.startsWith('AH01100')
      ? ofClient(context, 'proxy_http', 'warn', `${text} ${pathOf(context)} (${methodOf(context)})`)
      : line('http', level, `${atServer(context)}${text}`),
}

/** Its line about a request that is not passed on, where it has one. */
export function refusedLine({ details, fields: [value = ''] = [] }: Failure, context: LogContext): LogLine | undefined {
  if (details.startsWith('transfer coding') && /,\s*chunked\s*$/i.test(value)) {
    return ofClient(context, 'proxy_http', 'error', `AH01093: ${value} Transfer-Encoding is not supported`)
  }
  return undefined
}

/** Of a server whose name or whose TLS failed it says nothing. */
function excludedLine(context: LogContext): LogLine | undefined {
  const { excludedMs = 0, excludedBy: { failure, status } = { failure: undefined, status: undefined } } = context
  const { scheme, address } = serverIn(context)
  if (failure && courseOf(failure).at !== 'connect') return undefined
  if (failure || status === undefined) {
    const seconds = Math.ceil(excludedMs / 1000)
    return line('proxy', 'error', `AH00959: ap_proxy_connect_backend disabling worker for (${address}) for ${seconds}s`)
  }
  const worker = `balancer://${context.server}: Forcing worker (${scheme}://${address}) into error state`
  const why = `due to status code ${status} matching 'failonstatus' balancer parameter`
  return ofClient(context, 'proxy_balancer', 'error', `AH01174: ${worker} ${why}`)
}

function linesOf(failure: Failure, course: Course, context: LogContext): LogLine[] {
  const about = (module: string, level: LogLine['level'], said: string) => ofClient(context, module, level, said)
  const { address, name, scheme } = serverIn(context)
  switch (course.at) {
    case 'select':
      return failure.type === 'connection_limit_reached'
        ? [line('proxy', 'error', `${TIMED_OUT}: AH00941: ${scheme}: failed to acquire connection for (${name})`)]
        : [about('proxy_balancer', 'error', `AH01170: balancer://${context.server}: All workers are in error state`)]
    case 'dns':
      return [about('proxy', 'error', returned(`DNS lookup failure for: ${context.name}`, context))]
    case 'connect':
      return [
        line('proxy', 'error', `${errnoOf(failure)}: ${attempt(failure, context)} failed`),
        about('proxy_http', 'error', `AH01114: ${scheme.toUpperCase()}: failed to make connection to backend: ${name}`),
      ]
    case 'handshake':
      return [...ofHandshake(failure, context), ...unsent(INTERNAL, context, true)]
    case 'sending':
      return unsent(TIMED_OUT, context, false)
    case 'status line': {
      const why = course.unreadable ? INVALID : errnoOf(failure)
      const place = `AH01102: error reading status line from remote server ${name === address ? name : `${name}:${portOf(address)}`}`
      const lines = [about('proxy_http', 'error', place)]
      const first = { ...lines[0]!, message: withCode(lines[0]!.message, why) }
      const filter =
        scheme === 'https' && failure.manner === 'reset'
          ? [line('ssl', 'info', `${why}: [remote ${address}] AH01991: SSL input filter read failed.`)]
          : []
      if (isSilent(failure, context.earlier ?? 0)) return [...filter, first]
      return [...filter, first, about('proxy', 'error', returned('Error reading from remote server', context))]
    }
    case 'refused status':
      return [about('proxy', 'error', returned(course.reason, context))]
    case 'headers':
      return ofHeaders(failure, course.why, context)
    case 'own check':
      return [about('http', 'error', checked(course))]
    case 'body':
      return ofBody(failure, course, context)
    case 'inside':
      return []
  }
}

const PROCESS = '[pid 1:tid 1]'

const line = (module: string, level: LogLine['level'], said: string): LogLine => ({
  level,
  message: `[${module}:${level}] ${PROCESS} ${said}`,
})

const ofClient = (context: LogContext, module: string, level: LogLine['level'], said: string): LogLine =>
  line(module, level, `[client ${context.client}:${context.clientPort}] ${said}`)

/** errno and APR's numbers stand before the address. */
const withCode = (message: string, code: string): string => message.replace(`${PROCESS} `, `${PROCESS} ${code}: `)

const INTERNAL = '(20014)Internal error (specific information not available)'
const TIMED_OUT = '(70007)The timeout specified has expired'
const INVALID = '(22)Invalid argument'
const INCOMPLETE = '(70008)Partial results are valid but processing is incomplete'
const END_OF_FILE = '(70014)End of file found'

/** That nothing at all came is an error inside to APR; that a line has no end is the end of a file. */
function errnoOf({ type, manner, no_file }: Failure): string {
  if (no_file) return '(2)No such file or directory'
  if (manner === 'refused') return '(111)Connection refused'
  if (manner === 'reset') return '(104)Connection reset by peer'
  if (manner === 'timeout') return TIMED_OUT
  if (manner === 'unroutable') return '(101)Network is unreachable'
  return type === 'http_response_incomplete' ? END_OF_FILE : INTERNAL
}

function attempt({ no_file }: Failure, context: LogContext): string {
  const { address, name, scheme, path } = serverIn(context)
  if (no_file || path !== undefined) {
    return `AH02454: ${scheme}: attempt to connect to Unix domain socket ${path} (localhost:80)`
  }
  return `AH00957: ${scheme}: attempt to connect to ${address} (${name === address.replace(/:\d+$/, '') ? address : `${name}:${portOf(address)}`})`
}

function ofHandshake(failure: Failure, context: LogContext): LogLine[] {
  const remote = (said: string) => line('ssl', 'info', `[remote ${serverIn(context).address}] ${said}`)
  const failed = remote('AH02003: SSL Proxy connect failed')
  const library = (error: string) => line('ssl', 'info', `SSL Library Error: ${error}`)
  const { certificate_error, alert_id, tls_error, manner } = failure
  if (certificate_error === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return [remote(`AH02411: SSL Proxy: Peer certificate does not match for hostname ${context.serverName}`)]
  }
  if (certificate_error !== undefined) {
    const [number, text] = verifyError(FOUND_FIRST[certificate_error] ?? certificate_error).split(/:(.*)/s)
    const said = `AH02276: Certificate Verification: Error (${number}): ${text}`
    return [remote(said), failed, library('error:0A000086:SSL routines::certificate verify failed')]
  }
  if (alert_id !== undefined) {
    const code = ((20 << 23) | (1000 + alert_id)).toString(16).toUpperCase().padStart(8, '0')
    const text = tlsAlerts[alert_id]?.openssl ?? `reason(${1000 + alert_id})`
    return [failed, library(`error:${code}:SSL routines::${text} (SSL alert number ${alert_id})`)]
  }
  if (tls_error !== undefined) return [failed, library(tls_error)]
  return manner === 'closed' ? [failed, library('error:0A000126:SSL routines::unexpected eof while reading')] : [failed]
}

/** OpenSSL finds more than one thing wrong then, and Apache stops at the first. */
const FOUND_FIRST: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
}

function unsent(code: string, context: LogContext, handshake: boolean): LogLine[] {
  const { address, name } = serverIn(context)
  const about = (module: string, said: string) => ofClient(context, module, 'error', said)
  const first = about('proxy', `AH01084: pass request body failed to ${address} (${name})`)
  return [
    { ...first, message: withCode(first.message, code) },
    ...(handshake ? [about('proxy', returned('Error during SSL Handshake with remote server', context))] : []),
    about('proxy_http', `AH01097: pass request body failed to ${address} (${name}) from ${context.client} ()`),
  ]
}

function ofHeaders(failure: Failure, why: (Course & { at: 'headers' })['why'], context: LogContext): LogLine[] {
  const bad = `AH01106: bad HTTP/1.1 header returned by ${pathOf(context)} (${methodOf(context)})`
  const last = ofClient(context, 'proxy_http', 'warn', bad)
  if (why === 'no colon') return [last]
  const said = why === 'too long' ? TOO_LONG : 'AH10404: Error reading headers from backend'
  const code = why === 'too long' ? '(28)No space left on device' : why === 'unreadable' ? INVALID : errnoOf(failure)
  const first = ofClient(context, 'proxy_http', 'warn', said)
  return [{ ...first, message: withCode(first.message, code === INTERNAL ? END_OF_FILE : code) }, last]
}

const TOO_LONG = 'AH10124: header size is over the limit allowed by ResponseFieldSize (8192 bytes). Bad response header'

const checked = ({ name, value }: Course & { at: 'own check' }): string => {
  if (name === '') return 'AH02428: Empty response header name, aborting request'
  return value === undefined
    ? `AH02429: Response header name '${escaped(name)}' contains invalid characters, aborting request`
    : `AH02430: Response header '${escaped(name)}' value of '${escaped(value)}' contains invalid characters, aborting request`
}

function ofBody(failure: Failure, { invalid }: Course & { at: 'body' }, context: LogContext): LogLine[] {
  const end = ofClient(context, 'proxy_http', 'error', 'AH01110: error reading response')
  if (failure.said === IN_TRAILERS) return ofTrailers(failure, end, context)
  const code = invalid ? INTERNAL : failure.manner === 'closed' ? INCOMPLETE : errnoOf(failure)
  const last = { ...end, message: withCode(end.message, code) }
  if (invalid === undefined) return [last]
  const at = atServer(context)
  const first =
    invalid === 'length'
      ? line('http', 'info', `${at}AH01587: Invalid Content-Length`)
      : line('http', 'info', `${INVALID}: ${at}AH01590: Error reading/parsing chunk  `)
  return [first, last]
}

function ofTrailers({ manner }: Failure, end: LogLine, context: LogContext): LogLine[] {
  const said = `AH02656: Error while reading HTTP trailer: ${manner === 'timeout' ? 408 : 400}`
  return [line('http', 'info', `${atServer(context)}${said}`), { ...end, message: withCode(end.message, INVALID) }]
}

/** Of the connection to the server it writes as of a client's. */
const atServer = (context: LogContext): string => `[client ${serverIn(context).address}] `

const returned = (reason: string, context: LogContext): string =>
  `AH00898: ${escaped(reason)} returned by ${pathOf(context)}`

/** `ap_escape_errorlog_item`. */
const escaped = (text: string): string =>
  text.replace(/\\|[^ -~]/g, (char) => {
    if (char === '\\') return '\\\\'
    return ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })

const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

const methodOf = ({ request }: LogContext): string => request.slice(0, request.indexOf(' '))

/** Without the query. */
const pathOf = ({ request }: LogContext): string => request.split(' ')[1]?.replace(/\?.*$/s, '') ?? '/'

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1)

interface ServerNamed {
  scheme: string
  /** host:port */
  address: string
  /** The host of its URL. */
  name: string
  /** Of a unix socket. */
  path: string | undefined
}

function serverIn({ upstream = '', serverName }: LogContext): ServerNamed {
  const [, scheme = 'http', place = ''] = /^(\w+):\/\/(unix:[^:]+|[^/?#]*)/.exec(upstream) ?? []
  const path = place.startsWith('unix:') ? place.slice('unix:'.length) : undefined
  const name = path === undefined ? (serverName ?? place.replace(/:\d+$/, '')) : 'localhost'
  return { scheme, address: path ?? place, name, path }
}
