/**
 * Apache 2.4.71's own pages, byte for byte, and the head above them (http_protocol.c, http_filters.c), as Debian's has them:
 * `ServerTokens OS`, no signature. index.ts calls it.
 */
import type { Answer, Asked } from '../dialect.js'

export const SERVER = 'Apache/2.4.71 (Debian)'

/** Behind these Apache does not trust the connection any more (ap_status_drops_connection). */
const LAST = new Set([400, 408, 411, 413, 414, 500, 501, 503])

/** Requests that a connection serves after its first one. */
const KEEP_ALIVE_MAX = 100

/** What is behind the words `502 Proxy Error`, and how the page goes out. */
export interface Told {
  /** Why the proxy could not handle the request, where it says so: another title goes with it. */
  reason?: string | undefined
  /** What a page about a request says of it. */
  notes?: string | undefined
  /** The head of another response was being written: its length is not told. */
  late?: 'chunked' | 'closing' | undefined
  /** Its status. */
  before?: number | undefined
}

export function page(status: number, to: Asked, { reason, notes = '', late, before = 200 }: Told = {}): Answer {
  const title = reason === undefined ? (REASONS[status] ?? 'Error') : 'Proxy Error'
  const said = text(status, to, reason === undefined ? notes : `${COULD_NOT}${strong(reason)}`, reason !== undefined)
  const more =
    before === 200
      ? ''
      : `<p>Additionally, a ${before} ${REASONS[before] ?? 'Error'}\nerror was encountered while trying to use an ErrorDocument to handle the request.</p>\n`
  const body = `${DOCTYPE}<html><head>\n<title>${status} ${title}</title>\n</head><body>\n<h1>${title}</h1>\n${said}${more}</body></html>\n`
  // The other response had said how it would go on.
  const last = isLast(status, to) || (late !== undefined && (LAST.has(before) || !to.chunks))
  const chunked = late === 'chunked' && !last && to.method !== 'HEAD'
  const fields = [
    ...ownFields(to.date),
    ...(late === undefined && to.method !== 'HEAD' ? ['Content-Length', String(body.length)] : []),
    ...connectionFields(last, to),
    ...(late === 'chunked' ? ['Expires', to.date] : []),
    ...(chunked ? ['Transfer-Encoding', 'chunked'] : []),
    'Content-Type',
    'text/html; charset=iso-8859-1',
  ]
  return { status, reason: title, fields, body: to.method === 'HEAD' ? '' : body, exact: true }
}

/** What stands first in every head. */
export const ownFields = (date: string, server = SERVER): string[] => ['Date', date, 'Server', server]

export const isLast = (status: number, { keepAlive, earlier = 0 }: Asked): boolean =>
  !keepAlive || LAST.has(status) || earlier >= KEEP_ALIVE_MAX

/** A connection that stays open is only worth a word to who asked for it. */
export function connectionFields(last: boolean, { earlier = 0, connection = '' }: Asked): string[] {
  if (last) return ['Connection', 'close']
  if (!/(^|,)\s*keep-alive\s*(,|$)/i.test(connection)) return []
  return ['Keep-Alive', `timeout=5, max=${KEEP_ALIVE_MAX - earlier}`, 'Connection', 'Keep-Alive']
}

const DOCTYPE = '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n'

const COULD_NOT = 'The proxy server could not handle the request'

const strong = (reason: string): string => `<p>Reason: <strong>${escaped(reason)}</strong></p>`

const escaped = (raw: string): string =>
  raw.replace(/[<>&"]/g, (char) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[char]!)

/** As Apache words a status, where it words one. */
export const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  411: 'Length Required',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

const ADMINISTRATOR = `<p>The server encountered an internal error or
misconfiguration and was unable to complete
your request.</p>
<p>Please contact the server administrator at 
 [no address given] to inform them of the time this error occurred,
 and the actions you performed just before this error.</p>
<p>More information about this error may be available
in the server error log.</p>
`

function text(status: number, { method }: Asked, notes: string, verbose: boolean): string {
  switch (status) {
    case 400:
      return `<p>Your browser sent a request that this server could not understand.<br />\n${notes}</p>\n`
    case 403:
      return "<p>You don't have permission to access this resource.</p>\n"
    case 405:
      return `<p>The requested method ${method} is not allowed for this URL.</p>\n`
    case 408:
      return '<p>Server timeout waiting for the HTTP request from the client.</p>\n'
    case 417:
      return `<p>The expectation given in the Expect request-header\nfield could not be met by this server.\n${notes}</p><p>Only the 100-continue expectation is supported.</p>\n`
    case 429:
      return `<p>The user has sent too many requests\nin a given amount of time.</p>\n`
    case 502:
      return `<p>The proxy server received an invalid\r\nresponse from an upstream server.<br />\r\n${notes}</p>\n`
    case 503:
      return `<p>The server is temporarily unable to service your
request due to maintenance downtime or capacity
problems. Please try again later.</p>\n`
    case 504:
      return '<p>The gateway did not receive a timely response\nfrom the upstream server or application.</p>\n'
    default:
      return verbose ? `${notes}<p />\n` : ADMINISTRATOR
  }
}
