/** Squid's words: X-Squid-Error, the names of its error pages, with an errno behind. */
import type { Mishap } from '../mishaps.js'
import { type Product, word } from '../product.js'

const error = (name: string, mishaps: readonly Mishap[], says: string, next: string, causes: readonly string[] = []) =>
  word(name, mishaps, says, next, {
    pattern: new RegExp(`(?<!\\w)${name}(?!\\w)`),
    causes,
  })
const withErrno = (name: string, errno: number, mishaps: readonly Mishap[], says: string, next: string) =>
  word(`${name} ${errno}`, mishaps, says, next, { pattern: new RegExp(`(?<!\\w)${name}[ /]${errno}(?!\\d)`) })
const ORIGIN_LOG = 'The log of the server at that second.'

export const squid: Product = {
  title: 'Squid',
  source: 'FwdState.cc, http.cc, error/forward.h, PeerConnector.cc of 7c20a8a787',
  next: 'X-Squid-Error: the name of the error, and the errno behind it.',
  mark: /^x-squid-error:|^via: .*\(squid/im,
  statuses: {
    '200 cut': ['truncated'],
    '400': ['bad_request'],
    '403': ['denied'],
    '407': ['unauthorized'],
    '502': [
      'reset',
      'closed',
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'two_lengths',
      'bad_coding',
      'bad_chunk',
      'switched',
      'unsent',
    ],
    '503': [
      'refused',
      'connect_timeout',
      'unroutable',
      'name_unknown',
      'name_failed',
      'name_timeout',
      'tls_reset',
      'tls_closed',
      'tls_alert',
      'tls_garbled',
      'certificate',
      'no_server',
    ],
    '504': ['silent', 'slow_head', 'tls_timeout'],
  },
  words: [
    withErrno(
      'ERR_CONNECT_FAIL',
      111,
      ['refused'],
      'The connection was refused: 503, not 502.',
      'ss -ltn at the server.',
    ),
    withErrno(
      'ERR_CONNECT_FAIL',
      110,
      ['connect_timeout'],
      'The connection was not made in time: 503, not 504.',
      'A firewall between them.',
    ),
    withErrno('ERR_CONNECT_FAIL', 113, ['unroutable'], 'No route: 503.', 'ip route get ADDRESS.'),
    withErrno('ERR_READ_ERROR', 104, ['reset', 'partial_head'], 'An RST came: 502.', ORIGIN_LOG),
    error(
      'ERR_CONNECT_FAIL',
      ['refused', 'connect_timeout', 'unroutable'],
      'No connection: 503.',
      'The errno behind the name.',
    ),
    error(
      'ERR_DNS_FAIL',
      ['name_unknown', 'name_failed', 'name_timeout'],
      'The name has no address: 503.',
      'dig NAME.',
    ),
    error(
      'ERR_SECURE_CONNECT_FAIL',
      ['tls_reset', 'tls_closed', 'tls_alert', 'tls_garbled', 'tls_timeout', 'certificate'],
      'TLS with the server failed: 503, or 504 where it took too long.',
      'openssl s_client -connect HOST:PORT.',
    ),
    error('ERR_READ_ERROR', ['reset', 'partial_head', 'truncated'], 'Reading failed: 502.', ORIGIN_LOG),
    word(
      'SRV_PREMATURE_EOF',
      ['truncated'],
      'The body ended too soon: 502 if nothing was sent yet, else cut.',
      ORIGIN_LOG,
    ),
    error('ERR_ZERO_SIZE_OBJECT', ['closed'], 'A FIN without a byte: 502.', ORIGIN_LOG),
    error(
      'ERR_INVALID_RESP',
      ['not_http', 'bad_header', 'partial_head', 'head_too_large', 'two_lengths', 'switched', 'bad_coding'],
      'The response is no valid HTTP: 502.',
      'The bytes that come back.',
    ),
    error(
      'ERR_READ_TIMEOUT',
      ['silent', 'slow_head'],
      'Nothing came within read_timeout (15 min): 504.',
      'How long the server takes.',
    ),
    error('ERR_WRITE_ERROR', ['unsent', 'reset', 'closed'], 'The request could not be written: 502.', ORIGIN_LOG, [
      'request-without-length',
      'origin-crash',
    ]),
    error('ERR_CANNOT_FORWARD', ['no_server', 'no_route'], 'No peer to ask: 503.', 'cache_peer, never_direct.'),
    error('ERR_CLIENT_GONE', ['client_left'], 'The client left: there is no page for it.', "The client's timeout."),
    error('ERR_ACCESS_DENIED', ['denied'], 'http_access says no: 403.', 'The acl.'),
    error(
      'ERR_CACHE_ACCESS_DENIED',
      ['unauthorized'],
      'Credentials are missing or wrong: 407.',
      'auth_param, and what the client sends.',
    ),
    error('ERR_INVALID_REQ', ['bad_request'], 'The request is no valid HTTP: 400.', 'What the client sends.'),
  ],
}
