/** The words of Go's net, crypto/tls and net/http, in which every proxy written in Go speaks of its upstream: Caddy, Traefik. */
import { type Word, word } from '../product.js'

const ORIGIN_LOG = 'The log of the server behind it at that second: a crash, a restart, a limit.'
const BYTES = 'The bytes that come back, with curl --raw or tcpdump at that port.'
const CERTIFICATE = 'openssl s_client -connect HOST:PORT -servername NAME -showcerts.'
const SLOW = 'How long the server behind it takes for that path.'

export const goWords: readonly Word[] = [
  word(
    'dial tcp …: connect: connection refused',
    ['refused'],
    'Nobody listens at that address.',
    'ss -ltn at the server.',
    { pattern: /(?:dial (?:tcp|unix) \S+: )?connect: connection refused/ },
  ),
  word(
    'dial unix …: connect: no such file or directory',
    ['refused'],
    'The unix socket is gone.',
    'Whether the program behind it runs.',
    { pattern: /dial unix \S+ connect: no such file or directory/, causes: ['unix-socket-upstream-gone'] },
  ),
  word(
    'dial tcp …: i/o timeout',
    ['connect_timeout'],
    'No answer to the SYN in time.',
    'A firewall between them; a full accept queue.',
    {
      pattern:
        /dial (?:tcp|unix) \S+: i\/o timeout|dial (?:tcp|unix) \S+: connect: connection timed out|context deadline exceeded \(Client\.Timeout/,
    },
  ),
  word(
    'dial tcp …: connect: no route to host',
    ['unroutable'],
    'There is no route to that address.',
    'ip route get ADDRESS.',
    { pattern: /connect: (?:no route to host|network is unreachable)/ },
  ),
  word(
    'dial tcp: lookup …: no such host',
    ['name_unknown', 'name_failed', 'name_timeout'],
    'The name has no address.',
    'dig NAME.',
    { pattern: /lookup \S+(?: on \S+)?: no such host|no such host/, causes: ['dns-nxdomain'] },
  ),
  word(
    'dial tcp: lookup …: server misbehaving',
    ['name_failed', 'name_timeout'],
    'The name server failed.',
    'dig NAME @RESOLVER.',
    { pattern: /(?:lookup \S+(?: on \S+)?: )?server misbehaving|Temporary failure in name resolution/ },
  ),
  word(
    'dial tcp: lookup …: i/o timeout',
    ['name_timeout'],
    'The name server did not answer.',
    'Whether the resolver can be reached.',
    { pattern: /lookup .*i\/o timeout/ },
  ),
  word(
    'tls: first record does not look like a TLS handshake',
    ['tls_garbled'],
    'What came back is no TLS.',
    'http:// or https://, and the port.',
    { pattern: /tls: first record does not look like a TLS handshake|http: server gave HTTP response to HTTPS client/ },
  ),
  word(
    'remote error: tls: handshake failure',
    ['tls_alert'],
    'Alert 40: no common cipher, or a client certificate is missing.',
    CERTIFICATE,
    {
      pattern: /remote error: tls: handshake failure/,
      causes: ['tls-cipher-mismatch', 'tls-client-cert-required'],
      only: true,
    },
  ),
  word(
    'remote error: tls: protocol version not supported',
    ['tls_alert'],
    'Alert 70: no common version of TLS.',
    CERTIFICATE,
    {
      pattern: /remote error: tls: protocol version not supported|tls: server selected unsupported protocol version/,
      causes: ['tls-version-mismatch'],
      only: true,
    },
  ),
  word(
    'remote error: tls: certificate required',
    ['tls_alert'],
    'Alert 116: it wants a client certificate.',
    CERTIFICATE,
    {
      pattern: /remote error: tls: (?:certificate required|bad certificate)/,
      causes: ['tls-client-cert-required'],
      only: true,
    },
  ),
  word('remote error: tls: …', ['tls_alert'], 'The server sent a TLS alert.', CERTIFICATE, {
    pattern: /remote error: tls: [\w ]+/,
  }),
  word(
    'net/http: TLS handshake timeout',
    ['tls_timeout'],
    'The TLS handshake took too long.',
    'Whether that port speaks TLS.',
    { pattern: /net\/http: TLS handshake timeout|TLS handshake timeout/ },
  ),
  word(
    'x509: certificate has expired or is not yet valid',
    ['certificate'],
    'The dates of the certificate, or the clock here.',
    CERTIFICATE,
    {
      pattern: /x509: certificate has expired or is not yet valid.*/,
      causes: ['tls-cert-expired', 'tls-cert-not-yet-valid', 'cdn-origin-tls-invalid'],
      only: true,
    },
  ),
  word(
    'x509: certificate is valid for …, not …',
    ['certificate'],
    'The certificate is for another name.',
    CERTIFICATE,
    {
      pattern:
        /x509: (?:certificate is valid for|cannot validate certificate for|certificate is not valid for any names).*/,
      causes: ['tls-cert-wrong-host'],
      only: true,
    },
  ),
  word(
    'x509: certificate signed by unknown authority',
    ['certificate'],
    'Who signed it is not trusted here, or the intermediate certificate is missing.',
    CERTIFICATE,
    {
      pattern: /x509: certificate signed by unknown authority.*/,
      causes: ['tls-cert-untrusted', 'tls-cert-missing-intermediate'],
      only: true,
    },
  ),
  word('tls: failed to verify certificate', ['certificate'], 'The certificate was not accepted.', CERTIFICATE, {
    pattern: /tls: failed to verify certificate|x509: [\w ]+/,
  }),
  word(
    'write tcp …: write: connection reset by peer',
    ['reset', 'tls_reset'],
    'An RST came while the request was being sent.',
    ORIGIN_LOG,
    { pattern: /write: (?:connection reset by peer|broken pipe)/ },
  ),
  word(
    'read tcp …: read: connection reset by peer',
    ['reset', 'tls_reset', 'partial_head', 'truncated'],
    'An RST came.',
    ORIGIN_LOG,
    { pattern: /(?:read tcp \S+: )?(?:read: )?connection reset by peer/ },
  ),
  word(
    'http: server closed idle connection',
    ['closed', 'reset'],
    'A reused connection was closed just as it was used.',
    'The keep-alive time of the server against that of the proxy.',
    {
      pattern: /server closed idle connection|transport closed before response was received|readLoopPeekFailLocked/,
      causes: ['keepalive-race'],
    },
  ),
  word(
    'unexpected EOF',
    ['partial_head', 'truncated', 'closed', 'tls_closed', 'head_too_large'],
    'A FIN came within the head or the body, or the head was too large to be read to its end.',
    ORIGIN_LOG,
    { pattern: /unexpected EOF/ },
  ),
  word('EOF', ['closed', 'tls_closed', 'reset'], 'A FIN came before any byte of a response.', ORIGIN_LOG, {
    pattern: /(?<![\w ])EOF(?!\w)|: EOF\b|^EOF$/,
  }),
  word(
    'net/http: HTTP/1.x transport connection broken: malformed HTTP response "…"',
    ['not_http', 'switched'],
    'There is no status line.',
    BYTES,
    { pattern: /malformed HTTP (?:response|version)(?: \\?".*)?/, causes: ['garbage-response', 'wrong-protocol'] },
  ),
  word('malformed HTTP status code "…"', ['not_http'], 'The status is no number of three digits.', BYTES, {
    pattern: /malformed HTTP status code.*/,
    causes: ['malformed-status-line'],
  }),
  word(
    'malformed MIME header line: …',
    ['bad_header', 'not_http', 'partial_head'],
    'A header line without a colon, or with a name that may not be.',
    BYTES,
    {
      pattern: /malformed MIME header(?: line| initial line)?.*/,
      causes: ['header-without-colon', 'invalid-header-name'],
    },
  ),
  word(
    'net/http: server response headers exceeded … bytes; aborted',
    ['head_too_large'],
    'The head is too large.',
    'The size of cookies and headers.',
    { pattern: /server response headers exceeded \d+ bytes/ },
  ),
  word(
    'http: message cannot contain multiple Content-Length headers',
    ['two_lengths'],
    'Two lengths that differ.',
    BYTES,
    {
      pattern: /message cannot contain multiple Content-Length headers.*|bad Content-Length.*/,
      causes: ['conflicting-content-length'],
    },
  ),
  word('unsupported transfer encoding: "…"', ['bad_coding', 'two_lengths'], 'A coding other than chunked.', BYTES, {
    pattern: /unsupported transfer encoding.*|too many transfer encodings.*/,
  }),
  word(
    'invalid byte in chunk length',
    ['bad_chunk'],
    'A chunk size is none. The status had been sent: the response is cut.',
    BYTES,
    {
      pattern:
        /invalid byte in chunk length|malformed chunked encoding|chunked line ends with bare LF|http chunk length too large/,
    },
  ),
  word('invalid header field …', ['bad_header'], 'A header has a character that may not stand there.', BYTES, {
    pattern: /invalid header field (?:name|value).*|invalid header (?:name|value)/,
  }),
  word(
    'net/http: timeout awaiting response headers',
    ['silent', 'slow_head'],
    'The request was sent, and no head came in time.',
    SLOW,
    { pattern: /timeout awaiting response headers|context deadline exceeded/ },
  ),
  word('read tcp …: i/o timeout', ['silent', 'slow_head', 'slow_body', 'tls_timeout'], 'Nothing came in time.', SLOW, {
    pattern: /read (?:tcp|unix) \S+: i\/o timeout|(?<!\w)i\/o timeout/,
  }),
  word(
    'context canceled',
    ['client_left'],
    'The client left: 499.',
    "The client's timeout against that of the proxy.",
    { pattern: /context canceled|operation was canceled/ },
  ),
  word(
    'aborting with incomplete response',
    ['truncated', 'bad_chunk', 'slow_body'],
    'The body broke off. The status had been sent: the response is cut.',
    ORIGIN_LOG,
    { pattern: /aborting with incomplete response|reading from backend|copying response body.*/ },
  ),
  word(
    'backend tried to switch protocol',
    ['switched'],
    'A 101 that nobody asked for, or for another protocol.',
    BYTES,
    {
      pattern:
        /backend tried to switch (?:to invalid )?protocol.*|internal error: 101 switching protocols.*|101 switching protocols.*/i,
    },
  ),
]
