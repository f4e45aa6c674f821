/** The words of RFC 9209: error types of Proxy-Status, each with the status it recommends. */
import { type ErrorType, errorTypeNames, errorTypes } from '../../core/error_types.js'
import type { Mishap } from '../mishaps.js'
import { type Product, type Word, word } from '../product.js'

const MEANT: Readonly<Record<ErrorType, readonly Mishap[]>> = {
  dns_timeout: ['name_timeout'],
  dns_error: ['name_unknown', 'name_failed'],
  destination_not_found: ['no_route'],
  destination_unavailable: ['no_server', 'excluded'],
  destination_ip_prohibited: ['denied'],
  destination_ip_unroutable: ['unroutable'],
  connection_refused: ['refused'],
  connection_terminated: ['closed', 'reset', 'tls_reset', 'tls_closed', 'tunnel_lost'],
  connection_timeout: ['connect_timeout', 'tls_timeout', 'queued'],
  connection_read_timeout: ['silent', 'slow_body'],
  connection_write_timeout: ['unsent'],
  connection_limit_reached: ['full', 'queued', 'overloaded', 'exits_gone'],
  tls_protocol_error: ['tls_garbled'],
  tls_certificate_error: ['certificate'],
  tls_alert_received: ['tls_alert'],
  http_request_error: ['bad_request', 'paused', 'exits_gone'],
  http_request_denied: ['denied', 'over_rate', 'unauthorized', 'paused', 'exits_gone'],
  http_response_incomplete: ['truncated', 'partial_head', 'two_lengths'],
  http_response_header_section_size: ['head_too_large'],
  http_response_header_size: ['head_too_large'],
  http_response_body_size: ['slow_body', 'bad_coding'],
  http_response_trailer_section_size: ['head_too_large'],
  http_response_trailer_size: ['head_too_large'],
  http_response_transfer_coding: ['bad_chunk', 'bad_coding'],
  http_response_content_coding: ['bad_coding'],
  http_response_timeout: ['slow_head', 'slow_body'],
  http_upgrade_failed: ['switched'],
  http_protocol_error: ['not_http', 'bad_header', 'two_lengths', 'switched'],
  proxy_internal_response: ['no_route', 'paused'],
  proxy_internal_error: ['overloaded'],
  proxy_configuration_error: ['no_route'],
  proxy_loop_detected: ['no_route'],
}

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`

const typed = (type: ErrorType): Word =>
  word(
    type,
    MEANT[type],
    sentence(errorTypes[type].summary),
    'The parameters beside it: next-hop, details, rcode, alert-id.',
    {
      pattern: new RegExp(`(?<![\\w])(?:error="?)?${type}(?!\\w)`),
    },
  )

/** What the table of types recommends, by status. */
function recommended(): Record<string, readonly Mishap[]> {
  const statuses = [...new Set(Object.values(errorTypes).map(({ status }) => status))].filter((each) => each !== null)
  const meant = (status: number) =>
    errorTypeNames.flatMap((type) => (errorTypes[type].status === status ? [...MEANT[type]] : []))
  const own = statuses.map((status) => [status, [...new Set(meant(status))].filter((mishap) => !NEAREST.has(mishap))])
  return {
    ...Object.fromEntries(own),
    '400': ['bad_request'],
    '403': ['denied'],
    '405': ['bad_request'],
    '407': ['unauthorized'],
    '200 cut': ['truncated', 'bad_chunk', 'slow_body'],
  }
}

/** Mishaps for which a type is the nearest, and not its own. */
const NEAREST = new Set<Mishap>(['denied', 'slow_body', 'truncated', 'bad_chunk', 'unauthorized'])

export const rfc9209: Product = {
  title: 'RFC 9209',
  source: 'RFC 9209 section 2.3, the registry of error types',
  next: 'Proxy-Status: its last member is the proxy nearest to you.',
  mark: /^proxy-status:/im,
  statuses: recommended(),
  words: [
    ...errorTypeNames.map(typed),
    word('received-status=502', ['passed_502'], 'The next hop answered 502 itself.', 'The log of that hop.', {
      pattern: /received-status=502/,
    }),
    word('received-status=503', ['passed_503'], 'The next hop answered 503 itself.', 'The log of that hop.', {
      pattern: /received-status=503/,
    }),
    word('received-status=504', ['passed_504'], 'The next hop answered 504 itself.', 'The log of that hop.', {
      pattern: /received-status=504/,
    }),
    word(
      'received-status=500',
      ['passed_500'],
      'The next hop answered with an error of its own.',
      'The log of that hop.',
      { pattern: /received-status=5(?!0[234])\d\d/ },
    ),
  ],
}
