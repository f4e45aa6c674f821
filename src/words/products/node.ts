/** Node's words: codes of sockets, of its HTTP parser and of undici, as a proxy or a client written for it gets them. */
import type { Mishap } from '../mishaps.js'
import { type Product, word } from '../product.js'

const ORIGIN_LOG = 'The log of the server at that second: a crash, a restart, a limit.'
const BYTES = 'The bytes that come back, with curl --raw or tcpdump at that port.'
const CERTIFICATE = 'openssl s_client -connect HOST:PORT -servername NAME -showcerts; NODE_EXTRA_CA_CERTS.'
const SLOW = 'How long the server takes for that path, and the limit of the client.'

const code = (
  name: string,
  mishaps: readonly Mishap[],
  says: string,
  next: string,
  more: { causes?: readonly string[]; only?: true; pattern?: RegExp } = {},
) => word(name, mishaps, says, next, { pattern: new RegExp(`(?<!\\w)${name}(?!\\w)`), ...more })

export const node: Product = {
  title: 'Node',
  source: 'Node 20.20.2 with llhttp 9.3.1, measured on loopback; undici 7',
  next: 'error.code, and error.cause of a fetch that failed. ECONNRESET covers at least six causes: count the bytes.',
  statuses: {},
  words: [
    code('ECONNREFUSED', ['refused'], 'Nobody listens at that address.', 'ss -ltn at the server.'),
    word('connect ECONNRESET', ['reset'], 'An RST as soon as the connection was there.', ORIGIN_LOG, {
      causes: ['reset-on-accept'],
    }),
    word('read ECONNRESET', ['reset', 'tls_reset', 'partial_head', 'truncated'], 'An RST came.', ORIGIN_LOG),
    code(
      'ECONNRESET',
      ['reset', 'closed', 'tls_reset', 'tls_closed', 'partial_head', 'truncated'],
      'The connection was cut: an RST, and a FIN too where more was expected.',
      'The message: "socket hang up" is a FIN, "read ECONNRESET" an RST.',
    ),
    word(
      'socket hang up',
      ['closed', 'partial_head', 'tls_closed'],
      'A FIN came before the head of a response was complete.',
      `${ORIGIN_LOG} Now and then: the keep-alive of the server against that of the agent.`,
      { causes: ['empty-response', 'keepalive-race', 'plain-to-tls-port'] },
    ),
    word(
      'Client network socket disconnected before secure TLS connection was established',
      ['tls_closed', 'tls_reset'],
      'A FIN came in the TLS handshake.',
      ORIGIN_LOG,
      { causes: ['tls-close-on-hello'] },
    ),
    word(
      'aborted',
      ['truncated', 'slow_body'],
      'The response ended before it was complete (res.complete is false).',
      ORIGIN_LOG,
      { pattern: /^(?:Error: )?aborted$|ECONNRESET.{0,3}aborted|aborted.{0,3}ECONNRESET/ },
    ),
    code('EPIPE', ['reset', 'closed'], 'It was written to a connection that had been closed.', ORIGIN_LOG, {
      causes: ['request-without-length', 'keepalive-race'],
    }),
    code(
      'ETIMEDOUT',
      ['connect_timeout', 'silent'],
      'The kernel gave up on the peer.',
      'A firewall that drops packets.',
    ),
    code('EHOSTUNREACH', ['unroutable'], 'No route to the host.', 'ip route get ADDRESS.'),
    code('ENETUNREACH', ['unroutable'], 'No route to the network.', 'ip route get ADDRESS.'),
    code('ENOTFOUND', ['name_unknown'], 'The name has no address: getaddrinfo does not tell why.', 'dig NAME.'),
    code(
      'EAI_AGAIN',
      ['name_timeout', 'name_failed'],
      'The name server failed, or did not answer.',
      'Whether the resolver can be reached.',
    ),
    code('ENOENT', ['refused'], 'The unix socket is gone.', 'Whether the program behind it runs.', {
      causes: ['unix-socket-upstream-gone'],
      only: true,
    }),
    code(
      'EPROTO',
      ['tls_alert', 'tls_garbled'],
      'TLS failed: the message has what OpenSSL said.',
      'The alert number: 40 cipher or client certificate, 70 version.',
    ),
    word(
      'SSL alert number 40',
      ['tls_alert'],
      'Alert 40: no common cipher, or a client certificate is missing.',
      CERTIFICATE,
      {
        pattern: /(?:SSL )?alert number 40(?!\d)/,
        causes: ['tls-cipher-mismatch', 'tls-client-cert-required'],
        only: true,
      },
    ),
    word('SSL alert number 70', ['tls_alert'], 'Alert 70: no common version of TLS.', CERTIFICATE, {
      pattern: /(?:SSL )?alert number 70(?!\d)/,
      causes: ['tls-version-mismatch'],
      only: true,
    }),
    word('SSL alert number 112', ['tls_alert'], 'Alert 112: the server does not know that name.', CERTIFICATE, {
      pattern: /(?:SSL )?alert number 112(?!\d)/,
      causes: ['tls-cert-wrong-host'],
    }),
    word('wrong version number', ['tls_garbled'], 'What came back is no TLS.', 'http: or https:, and the port.', {
      pattern: /0A00010B|wrong version number/,
    }),
    code('CERT_HAS_EXPIRED', ['certificate'], 'The certificate has expired.', CERTIFICATE, {
      causes: ['tls-cert-expired', 'cdn-origin-tls-invalid'],
      only: true,
      pattern: /CERT_HAS_EXPIRED|(?<!:)certificate has expired(?! or)/,
    }),
    code('CERT_NOT_YET_VALID', ['certificate'], 'The certificate is not valid yet.', CERTIFICATE, {
      causes: ['tls-cert-not-yet-valid'],
      only: true,
    }),
    code('ERR_TLS_CERT_ALTNAME_INVALID', ['certificate'], 'The certificate is for another name.', CERTIFICATE, {
      causes: ['tls-cert-wrong-host'],
      only: true,
    }),
    code('DEPTH_ZERO_SELF_SIGNED_CERT', ['certificate'], 'Self-signed, and not trusted here.', CERTIFICATE, {
      causes: ['tls-cert-untrusted'],
      only: true,
      pattern: /DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN/,
    }),
    code('UNABLE_TO_GET_ISSUER_CERT_LOCALLY', ['certificate'], 'Who signed it is not trusted here.', CERTIFICATE, {
      causes: ['tls-cert-untrusted', 'tls-cert-missing-intermediate'],
      only: true,
    }),
    code(
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      ['certificate'],
      'The server does not send its intermediate certificate.',
      CERTIFICATE,
      {
        causes: ['tls-cert-missing-intermediate', 'tls-cert-untrusted'],
        only: true,
        pattern: /UNABLE_TO_VERIFY_LEAF_SIGNATURE|(?<!:)unable to verify the first certificate/,
      },
    ),
    code(
      'HPE_INVALID_CONSTANT',
      ['not_http', 'two_lengths'],
      'There is no status line, or there are bytes behind the end of a response. Behind nginx: its 009.',
      BYTES,
      {
        pattern: /HPE_INVALID_CONSTANT|Expected HTTP\/(?:, RTSP\/ or ICE\/)?/,
        causes: ['garbage-response', 'wrong-protocol', 'malformed-status-line', 'plain-to-tls-port'],
      },
    ),
    code('HPE_INVALID_STATUS', ['not_http'], 'The status is no number of three digits.', BYTES, {
      causes: ['malformed-status-line'],
    }),
    code('HPE_INVALID_VERSION', ['not_http'], 'The version of HTTP is none.', BYTES, {
      causes: ['malformed-status-line'],
    }),
    code('HPE_INVALID_HEADER_TOKEN', ['bad_header'], 'A header has a character that may not stand there.', BYTES),
    code('HPE_CR_EXPECTED', ['bad_header', 'not_http'], 'Lines end in LF alone.', BYTES, {
      pattern: /HPE_(?:CR|LF)_EXPECTED/,
    }),
    code(
      'HPE_HEADER_OVERFLOW',
      ['head_too_large'],
      'The head is over 16 KiB.',
      '--max-http-header-size, and the size of cookies.',
    ),
    code(
      'HPE_INVALID_TRANSFER_ENCODING',
      ['two_lengths', 'bad_coding'],
      'Content-Length and Transfer-Encoding at once.',
      BYTES,
      { causes: ['content-length-and-chunked'] },
    ),
    code(
      'HPE_INVALID_CONTENT_LENGTH',
      ['two_lengths'],
      'Content-Length beside Transfer-Encoding, or one that is no number.',
      BYTES,
      { causes: ['content-length-and-chunked', 'conflicting-content-length'] },
    ),
    code('HPE_UNEXPECTED_CONTENT_LENGTH', ['two_lengths'], 'Content-Length twice, be they equal or not.', BYTES, {
      pattern: /HPE_UNEXPECTED_CONTENT_LENGTH|Duplicate Content-Length/,
      causes: ['conflicting-content-length'],
    }),
    code('HPE_INVALID_CHUNK_SIZE', ['bad_chunk'], 'A chunk size is none.', BYTES),
    code('HPE_…', ['not_http', 'bad_header'], 'The parser refused the message.', BYTES, {
      pattern: /(?<!\w)HPE_[A-Z_]+/,
    }),
    code(
      'UND_ERR_CONNECT_TIMEOUT',
      ['connect_timeout', 'tls_timeout'],
      'No connection in time (10 s), TLS included.',
      'A firewall between them.',
    ),
    code('UND_ERR_HEADERS_TIMEOUT', ['silent', 'slow_head'], 'No head of a response in time (300 s).', SLOW),
    code('UND_ERR_BODY_TIMEOUT', ['slow_body'], 'The body stopped for too long (300 s).', SLOW),
    code(
      'UND_ERR_SOCKET',
      ['closed', 'truncated', 'partial_head', 'reset'],
      'The other side closed the connection.',
      ORIGIN_LOG,
      { causes: ['empty-response', 'keepalive-race'] },
    ),
    word(
      'other side closed',
      ['closed', 'truncated', 'partial_head'],
      'A FIN came before the response was complete.',
      ORIGIN_LOG,
      { causes: ['empty-response', 'keepalive-race'] },
    ),
    code(
      'UND_ERR_HEADERS_OVERFLOW',
      ['head_too_large'],
      'The head is over the limit.',
      'maxHeaderSize, and the size of cookies.',
    ),
    code(
      'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
      ['truncated', 'two_lengths'],
      'The body has another length than it said.',
      BYTES,
    ),
    code('UND_ERR_ABORTED', ['client_left'], 'The client itself gave up.', 'Its signal or timeout.', {
      pattern: /UND_ERR_ABORTED|AbortError|ERR_CANCELED/,
    }),
    code(
      'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
      ['bad_request'],
      'The body of the request has another length than it said.',
      'What the client sends.',
      { causes: ['request-without-length'] },
    ),
    word(
      'fetch failed',
      [
        'refused',
        'closed',
        'reset',
        'connect_timeout',
        'silent',
        'name_unknown',
        'certificate',
        'tls_garbled',
        'not_http',
      ],
      'The words of every fetch that failed.',
      'error.cause: its code says what.',
    ),
  ],
}
