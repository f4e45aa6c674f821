/** Envoy's response code details, and the words of its body. index.ts has the rest of Envoy. */
import type { Mishap } from '../../mishaps.js'
import { type Word, word } from '../../product.js'

const TLS: readonly Mishap[] = ['tls_reset', 'tls_closed', 'tls_alert', 'tls_garbled', 'certificate', 'tls_timeout']

const CONNECT: readonly Mishap[] = ['refused', 'connect_timeout', 'unroutable', ...TLS]

const FAILURE = '%UPSTREAM_TRANSPORT_FAILURE_REASON% and the details: errno 111 is a refusal, 110 or 113 the way there.'

const KEEPALIVE =
  'Whether it is now and then, on reused connections: the idle time of the server against that of the cluster.'

/** The reason as it stands in the body, and with underscores in the details. */
const reason = (text: string, mishaps: readonly Mishap[], says: string, next: string, more = {}) =>
  word(`upstream_reset_before_response_started{${text.replaceAll(' ', '_')}}`, mishaps, says, next, {
    pattern: new RegExp(
      `(?:upstream_reset_before_response_started\\{)?(?<![\\w])${text.replace(/[/()]/g, '\\$&').replaceAll(' ', '[ _]')}(?![\\w])[^}\\s]*\\}?`,
    ),
    ...more,
  })

export const envoyDetails: readonly Word[] = [
  reason(
    'remote connection failure',
    CONNECT,
    'Connecting failed. The delayed connect error is the errno of the kernel.',
    FAILURE,
  ),
  word(
    'delayed_connect_error:_111',
    ['refused'],
    'errno 111: the connection was refused.',
    'Whether anything listens at the address.',
    { pattern: /delayed[_ ]connect[_ ]error:[_ ]111/ },
  ),
  word('delayed_connect_error:_113', ['unroutable'], 'errno 113 or 101: there is no route.', 'ip route get ADDRESS.', {
    pattern: /delayed[_ ]connect[_ ]error:[_ ](?:113|101)/,
  }),
  reason('local connection failure', CONNECT, 'Connecting failed on this side.', FAILURE),
  reason(
    'connection timeout',
    ['connect_timeout', 'tls_timeout'],
    'connect_timeout (5 s, TLS included) struck. 503, not 504.',
    'A firewall between them; whether that port speaks TLS.',
  ),
  reason(
    'connection termination',
    ['closed', 'reset', 'partial_head', 'tls_alert'],
    'The upstream ended the connection before it answered: 503, not 502.',
    KEEPALIVE,
  ),
  reason(
    'HTTP/1 premature upstream half close',
    ['closed', 'partial_head'],
    'A FIN came before the response was complete.',
    KEEPALIVE,
  ),
  reason(
    'protocol error',
    ['not_http', 'bad_header', 'head_too_large', 'two_lengths', 'bad_coding', 'switched'],
    'The response is no valid HTTP: 502.',
    'The bytes that come back.',
  ),
  reason('overflow', ['full', 'queued'], 'A circuit breaker refused it: 503.', 'circuit_breakers of the cluster.', {
    pattern: /upstream_reset_before_response_started\{overflow\}|reset reason: overflow|^overflow$/,
  }),
  reason(
    'remote refused stream reset',
    ['reset', 'overloaded'],
    'REFUSED_STREAM: nothing was done yet, it may be tried again.',
    'retry_on: refused-stream.',
  ),
  reason('remote reset', ['reset', 'closed'], 'The upstream reset the stream (HTTP/2).', 'The log of the server.'),
  reason(
    'local reset',
    ['overloaded', 'silent', 'reset'],
    'Envoy itself reset the stream.',
    'Timeouts of the cluster.',
    { pattern: /local[ _](?:refused[ _]stream[ _])?reset/ },
  ),
  word(
    'upstream_reset_after_response_started{…}',
    ['truncated', 'bad_chunk', 'slow_body'],
    'It broke within the body: the status had been sent, and the response is cut.',
    'The reason in the braces.',
    { pattern: /upstream_reset_after_response_started(?:\{[^}]*\})?/ },
  ),
  word(
    'response_timeout',
    ['silent', 'slow_head', 'queued'],
    'The route timeout struck before a response: 504.',
    "The route's timeout (15 s).",
    { pattern: /(?<!\w)(?:upstream_)?response_timeout(?!\w)|upstream request timeout/ },
  ),
  word('upstream_per_try_timeout', ['silent', 'slow_head'], 'The limit of one try struck.', 'per_try_timeout.', {
    pattern: /upstream_per_try(?:_idle)?_timeout/,
  }),
  word(
    'upstream_max_stream_duration_reached',
    ['slow_head', 'slow_body'],
    'The request ran too long.',
    'max_stream_duration.',
    { pattern: /upstream_max_stream_duration_reached|stream_idle_timeout|request_overall_timeout|duration_timeout/ },
  ),
  word(
    'request_header_timeout',
    ['bad_request', 'client_left'],
    'The head of the request did not come in time.',
    'Slow clients; request_headers_timeout.',
  ),
  word(
    'no_healthy_upstream',
    ['no_server', 'name_unknown', 'name_failed', 'name_timeout'],
    'No host may be tried: 503.',
    'Health checks and outlier ejections: /clusters of the admin port.',
    { pattern: /no[_ ]healthy[_ ]upstream/ },
  ),
  word(
    'cluster_not_found',
    ['no_route', 'no_server'],
    'The cluster of the route does not exist: 503.',
    'The names of clusters (CDS).',
  ),
  word('route_not_found', ['no_route'], 'No route matches: 404.', 'Host and path against the routes.', {
    pattern: /route_(?:configuration_)?not_found/,
  }),
  word(
    'maintenance_mode',
    ['overloaded', 'passed_503'],
    'The cluster is in maintenance mode (runtime): 503.',
    'upstream.maintenance_mode.CLUSTER.',
    { causes: ['upstream-own-503'] },
  ),
  word(
    'drop_overload',
    ['overloaded', 'full'],
    'The cluster drops a part of its load: 503.',
    'The load assignment (EDS).',
  ),
  word('overload', ['overloaded'], 'Envoy is out of a resource: 503.', 'The overload manager.', {
    pattern: /^overload$|overload manager reset/,
  }),
  word(
    'via_upstream',
    ['passed_502', 'passed_503', 'passed_500', 'passed_504', 'passed_4xx'],
    'The upstream answered that itself.',
    'The log of the server.',
  ),
  word(
    'downstream_remote_disconnect',
    ['client_left'],
    'The client left.',
    "The client's timeout against that of the route.",
  ),
  word(
    'upgrade_failed',
    ['switched', 'bad_request'],
    'The upgrade is not allowed by the configuration.',
    'upgrade_configs.',
    { pattern: /upgrade_failed|websocket_handshake_unsuccessful/ },
  ),
  word('missing_host_header', ['bad_request'], 'The request is not one that Envoy takes.', 'What the client sends.', {
    pattern: /missing_host_header|low_version|early_connect_data|path_normalization_failed/,
  }),
  word('direct_response', ['denied', 'no_route'], 'The route answers by itself.', 'The route configuration.'),
  word(
    'http1.codec_error',
    ['not_http', 'bad_request'],
    'The parser refused the message, a response with UPE, a request with DPE.',
    'The bytes of that message.',
    { pattern: /http[12]\.(?:codec_error|violation[\w.]*|unexpected[\w.]*)/ },
  ),
  word(
    'http1.headers_too_large',
    ['head_too_large', 'bad_request'],
    'The head is too large, or has too many lines.',
    'max_response_headers_kb, max_headers_count.',
    { pattern: /http[12]\.(?:headers_too_large|too_many_headers)/ },
  ),
  word(
    'http1.invalid_characters',
    ['bad_header', 'bad_request'],
    'A header has a character that may not stand there.',
    'The bytes of that message.',
  ),
  word(
    'http1.content_length_not_allowed',
    ['two_lengths', 'bad_coding'],
    'Its length is told in a way that may not be.',
    'Content-Length and Transfer-Encoding of that message.',
    { pattern: /http1\.(?:content_length_[\w]+|invalid_transfer_encoding|transfer_encoding_not_allowed)/ },
  ),
  word(
    'WRONG_VERSION_NUMBER',
    ['tls_garbled'],
    'What came back is no TLS.',
    'The transport socket of the cluster, and the port.',
  ),
  word(
    'SSLV3_ALERT_HANDSHAKE_FAILURE',
    ['tls_alert'],
    'Alert 40: no common cipher, or a client certificate is missing.',
    'cipher_suites, tls_params.',
    { causes: ['tls-cipher-mismatch', 'tls-client-cert-required'], only: true },
  ),
  word(
    'TLSV1_ALERT_PROTOCOL_VERSION',
    ['tls_alert'],
    'Alert 70: no common version of TLS.',
    'tls_maximum_protocol_version (1.2 for upstreams, unless set).',
    { causes: ['tls-version-mismatch'], only: true },
  ),
  word(
    'CERTIFICATE_VERIFY_FAILED',
    ['certificate'],
    'The certificate was not accepted.',
    'trusted_ca and match_typed_subject_alt_names; the chain that the server sends.',
  ),
  word(
    'upstream connect error or disconnect/reset before headers',
    [...CONNECT, 'closed', 'reset', 'partial_head', 'full', 'not_http'],
    "Envoy's body for a reset; the reason stands behind it.",
    'The reset reason in the same text.',
    { pattern: /upstream connect error or disconnect\/reset before headers/ },
  ),
]
