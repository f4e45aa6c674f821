/**
 * The short word of X-Proxy-Error: one glance at what happened, as commercial gateways give it. The list is closed and
 * documented from here. It tells an RST from a FIN where RFC 9209 has one type for both.
 */
import type { ErrorType } from '../core/error_types.js'
import type { Failure } from '../core/failure.js'

export const proxyErrorWords = {
  upstream_unresolved: 'the upstream has no address: DNS failed or timed out',
  upstream_unavailable: 'no upstream may be tried: all are down, excluded or at their limit',
  upstream_refused: 'the connection was refused: nobody listens there',
  upstream_unroutable: 'no route to the upstream',
  upstream_connect_timeout: 'the TCP or TLS handshake took too long',
  upstream_reset: 'RST before any byte of a response, in the handshakes or after the request',
  upstream_closed: 'FIN before any byte of a response, in the handshakes or after the request',
  upstream_tls_error: 'TLS with the upstream failed, such as plain text where TLS was expected',
  upstream_tls_alert:
    'the upstream sent a TLS alert, such as no common version or cipher, or a client certificate missing',
  upstream_certificate_error: 'the certificate of the upstream was not accepted',
  upstream_send_timeout: 'the upstream took no more of the request',
  upstream_timeout: 'the upstream sent nothing, or not all, in the time allowed',
  upstream_incomplete_response: 'the connection ended within the response',
  upstream_invalid_response: 'the response is not valid HTTP',
  upstream_response_too_large: 'the head, the body or the trailers of the response are over a limit',
  upstream_unknown: 'the destination is none that the gateway may be asked for',
  client_request_refused: 'the request is not one that the proxy passes on',
  client_unauthorized: 'no credentials, or not the right ones',
  proxy_overloaded: 'the gateway has as much in hand as it may have',
  exit_pool_exhausted: 'every exit of the gateway is in quarantine for that destination',
  exit_failed: 'the exit of the gateway failed before it got to the destination',
  target_paused: 'the gateway sends nothing to that destination for now',
  proxy_configuration_error: 'the proxy does not know where to send the request',
  proxy_internal_error: 'the proxy itself failed',
} as const

export type ProxyErrorWord = keyof typeof proxyErrorWords

export function proxyErrorWord(failure: Failure): ProxyErrorWord {
  const own = OWN[failure.manner]
  if (own) return own
  // Nothing was dialled: it waited for a server with room, in vain.
  if (failure.type === 'connection_timeout' && failure.stage === 'select') return 'upstream_unavailable'
  return failure.type === 'connection_terminated' ? terminated(failure) : words[failure.type]
}

/** What went wrong at a gateway itself, whatever its type. */
const OWN: Partial<Record<Failure['manner'], ProxyErrorWord>> = {
  unauthorized: 'client_unauthorized',
  overloaded: 'proxy_overloaded',
  exhausted: 'exit_pool_exhausted',
  paused: 'target_paused',
  exit: 'exit_failed',
}

function terminated({ manner }: Failure): ProxyErrorWord {
  if (manner === 'unroutable') return 'upstream_unroutable'
  return manner === 'reset' ? 'upstream_reset' : 'upstream_closed'
}

const words: Record<Exclude<ErrorType, 'connection_terminated'>, ProxyErrorWord> = {
  dns_timeout: 'upstream_unresolved',
  dns_error: 'upstream_unresolved',
  destination_not_found: 'upstream_unknown',
  destination_unavailable: 'upstream_unavailable',
  destination_ip_prohibited: 'client_request_refused',
  destination_ip_unroutable: 'upstream_unroutable',
  connection_refused: 'upstream_refused',
  connection_timeout: 'upstream_connect_timeout',
  connection_read_timeout: 'upstream_timeout',
  connection_write_timeout: 'upstream_send_timeout',
  connection_limit_reached: 'upstream_unavailable',
  tls_protocol_error: 'upstream_tls_error',
  tls_certificate_error: 'upstream_certificate_error',
  tls_alert_received: 'upstream_tls_alert',
  http_request_error: 'client_request_refused',
  http_request_denied: 'client_request_refused',
  http_response_incomplete: 'upstream_incomplete_response',
  http_response_header_section_size: 'upstream_response_too_large',
  http_response_header_size: 'upstream_response_too_large',
  http_response_body_size: 'upstream_response_too_large',
  http_response_trailer_section_size: 'upstream_response_too_large',
  http_response_trailer_size: 'upstream_response_too_large',
  http_response_transfer_coding: 'upstream_invalid_response',
  http_response_content_coding: 'upstream_invalid_response',
  http_response_timeout: 'upstream_timeout',
  http_upgrade_failed: 'upstream_invalid_response',
  http_protocol_error: 'upstream_invalid_response',
  proxy_internal_response: 'proxy_internal_error',
  proxy_internal_error: 'proxy_internal_error',
  proxy_configuration_error: 'proxy_configuration_error',
  proxy_loop_detected: 'proxy_configuration_error',
}
