/** The words of Google Cloud's external Application Load Balancers: statusDetails, as its log has them. */
import type { Mishap } from '../mishaps.js'
import { type Parts, type Product, word } from '../product.js'

const BACKEND = 'The log of the backend at that second; its keep-alive must be longer than the 600 s of the balancer.'
const FIREWALL =
  'Firewall rules for 130.211.0.0/22 and 35.191.0.0/16; whether the backend listens at the port of the service.'
const TLS = 'The protocol of the backend service, and what the backend presents: openssl s_client.'
const REQUEST = 'What the client sends, byte for byte.'

const CONNECT: readonly Mishap[] = [
  'refused',
  'connect_timeout',
  'unroutable',
  'tls_reset',
  'tls_closed',
  'tls_alert',
  'tls_garbled',
  'tls_timeout',
]
const BROKEN: readonly Mishap[] = [
  'closed',
  'reset',
  'partial_head',
  'not_http',
  'bad_header',
  'head_too_large',
  'two_lengths',
  'bad_coding',
  'bad_chunk',
  'switched',
  'certificate',
]

export const google: Product = {
  title: 'Google Cloud load balancer',
  source: 'External Application Load Balancer logging and monitoring, the table of statusDetails, a stored copy',
  next: 'statusDetails in the log of the load balancer; the classic one always says 502, the global one 503 or 504 as well.',
  mark: /^via: 1\.1 google/im,
  statuses: {
    none: ['client_left'],
    accepted: ['certificate'],
    '200 cut': ['truncated', 'slow_body'],
    '400': ['bad_request'],
    '403': ['denied'],
    '404': ['no_route'],
    '408': ['client_left', 'bad_request'],
    '411': ['bad_request'],
    '413': ['bad_request'],
    '429': ['over_rate'],
    '502': [
      ...CONNECT,
      ...BROKEN,
      'silent',
      'slow_head',
      'unsent',
      'no_server',
      'full',
      'queued',
      'overloaded',
      'name_unknown',
      'name_failed',
      'name_timeout',
    ],
    '503': [...CONNECT, ...BROKEN, 'no_server', 'overloaded'],
    '504': ['silent', 'slow_head', 'unsent'],
  },
  takeApart,
  words: [
    word(
      'failed_to_connect_to_backend',
      [...CONNECT, 'reset'],
      'No connection to the backend, timeouts while connecting included. The table does not tell a refusal from silence.',
      FIREWALL,
    ),
    word(
      'backend_connection_closed_before_data_sent_to_client',
      ['closed', 'reset', 'partial_head', 'tls_alert'],
      'The backend ended the connection before anything went to the client.',
      BACKEND,
      { causes: ['keepalive-race'] },
    ),
    word(
      'backend_connection_closed_after_partial_response_sent',
      ['truncated', 'partial_head'],
      'The backend ended the connection within the response; status 0 is an incomplete head.',
      BACKEND,
    ),
    word(
      'backend_timeout',
      ['silent', 'slow_head', 'slow_body', 'unsent'],
      'The timeout of the backend service (30 s) struck.',
      'timeoutSec of the backend service against what the backend needs.',
    ),
    word(
      'backend_response_corrupted',
      ['bad_chunk', 'not_http', 'bad_header', 'two_lengths', 'bad_coding', 'switched'],
      'The response is no valid HTTP, such as an invalid chunk.',
      'The bytes that come back.',
    ),
    word(
      'backend_response_headers_too_long',
      ['head_too_large'],
      'The head of the response is too large.',
      'The size of cookies and headers.',
    ),
    word(
      'backend_interim_response_not_supported',
      ['switched', 'not_http'],
      'A 1xx response that may not be there.',
      'The bytes that come back.',
    ),
    word(
      'backend_early_response_with_non_error_status',
      ['bad_request', 'closed'],
      'The backend answered before it had read the request, and not with an error.',
      BACKEND,
      { causes: ['request-without-length'] },
    ),
    word(
      'aborted_request_due_to_backend_early_response',
      ['passed_4xx', 'passed_503', 'closed'],
      'The backend answered with an error before it had read the request.',
      BACKEND,
      { causes: ['request-without-length'] },
    ),
    word(
      'failed_to_pick_backend',
      ['no_server', 'full'],
      'No healthy backend.',
      'Health checks of the backend service, and the firewall rules for them.',
    ),
    word(
      'failed_to_negotiate_alpn',
      ['tls_alert', 'tls_garbled', 'not_http'],
      'Balancer and backend agree on no protocol.',
      TLS,
    ),
    word(
      'error_uncompressing_gzipped_body',
      ['bad_coding'],
      'Content-Encoding says gzip, and the body is none.',
      'The bytes that come back.',
      { causes: ['one-bad-deploy'] },
    ),
    word(
      'ssl_certificate_san_verification_failed',
      ['certificate'],
      'The certificate is for another name (only where backends are authenticated).',
      TLS,
      { causes: ['tls-cert-wrong-host'], only: true },
    ),
    word(
      'ssl_certificate_chain_verification_failed',
      ['certificate'],
      'The certificate was not accepted: dates or chain (only where backends are authenticated).',
      TLS,
      { causes: ['tls-cert-expired', 'tls-cert-untrusted', 'tls-cert-missing-intermediate', 'tls-cert-not-yet-valid'] },
    ),
    word('server_cert_…', ['certificate'], 'The certificate of the backend was not accepted.', TLS, {
      pattern: /server_cert_\w+/,
    }),
    word('request_loop_detected', ['no_route'], 'The request came back to the balancer.', 'Where the backend points.', {
      causes: ['wrong-port'],
    }),
    word(
      'config_not_found',
      ['no_route'],
      'No configuration for that host yet, or no more.',
      'The URL map; a change needs minutes.',
      { pattern: /config_not_found|retriable_error|serverless_neg_routing_failed/ },
    ),
    word(
      'invalid_external_origin_endpoint',
      ['name_unknown', 'no_route', 'name_failed', 'name_timeout'],
      'The internet NEG names a host that has no address.',
      'The FQDN of the NEG.',
    ),
    word(
      'websocket_handshake_failed',
      ['switched'],
      'The backend did not agree to the upgrade.',
      'The answer of the backend.',
    ),
    word(
      'upgrade_header_rejected',
      ['bad_request', 'switched'],
      'The request asks for an upgrade that is not taken.',
      REQUEST,
      { causes: ['websocket-upgrade-failed'] },
    ),
    word(
      'client_disconnected_before_any_response',
      ['client_left'],
      'The client left: status 0, no 499 here.',
      "The client's timeout against the backend service's.",
    ),
    word(
      'client_disconnected_after_partial_response',
      ['client_left', 'truncated'],
      'The client left within the response.',
      'Whether clients give up.',
      { causes: ['client-gave-up'] },
    ),
    word('client_timed_out', ['client_left', 'bad_request'], 'The client sent nothing more.', 'Slow clients.'),
    word('denied_by_security_policy', ['denied'], 'Cloud Armor refused it.', 'The rule in enforcedSecurityPolicy.'),
    word(
      'banned_by_security_policy',
      ['over_rate', 'denied'],
      'Cloud Armor banned the client: 429.',
      'The rule in enforcedSecurityPolicy.',
      { pattern: /(?:banned|throttled)_by_security_policy/ },
    ),
    word('required_body_but_no_content_length', ['bad_request'], 'A body without a length.', REQUEST, {
      causes: ['request-without-length'],
    }),
    word('malformed_chunked_body', ['bad_request'], 'The chunks of the request are none.', REQUEST, {
      pattern: /malformed_chunked_body|invalid_chunk_framing/,
      causes: ['request-malformed-transfer-encoding'],
    }),
    word('invalid_request_headers', ['bad_request'], 'The request is not one that the balancer takes.', REQUEST, {
      pattern:
        /invalid_request_headers|failed_parsing_client_headers|unsupported_method|http_version_not_supported|body_not_allowed|headers_too_long/,
    }),
    word('internal_error', ['overloaded'], 'The balancer itself failed.', 'The status page of the product.', {
      pattern: /(?<!\w)internal_error(?!\w)/,
    }),
    word(
      'response_sent_by_backend',
      ['passed_502', 'passed_503', 'passed_500', 'passed_504', 'passed_4xx'],
      'The backend answered that itself.',
      'The log of the backend.',
    ),
    word(
      'response_from_cache',
      ['passed_502'],
      'From the cache of Cloud CDN, an error too where negative caching is on.',
      'Negative caching of the backend.',
      { pattern: /response_from_cache(?:_validated)?|byte_range_caching/, causes: ['cached-502'] },
    ),
  ],
}

/** An entry of Cloud Logging: JSON with httpRequest and jsonPayload. */
function takeApart(line: string): Parts | undefined {
  const details = /"statusDetails"\s*:\s*"([^"]+)"/.exec(line)
  if (!details) return undefined
  return { status: /"status"\s*:\s*"?(\d{3})/.exec(line)?.[1], words: [details[1]!] }
}
