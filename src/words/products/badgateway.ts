/** Our own words: X-Proxy-Error of the mini proxy and the gateway, and X-Edge-Error of the edge. */
import { type EdgeErrorWord, edgeErrorWords } from '../../dialects/edge.js'
import { type ProxyErrorWord, proxyErrorWords } from '../../dialects/proxy_error.js'
import type { Mishap } from '../mishaps.js'
import { type Product, type Word, word } from '../product.js'

const TLS: readonly Mishap[] = ['tls_alert', 'tls_garbled']

const MEANT: Readonly<Record<ProxyErrorWord, readonly Mishap[]>> = {
  upstream_unresolved: ['name_unknown', 'name_failed', 'name_timeout'],
  upstream_unavailable: ['no_server', 'full', 'queued', 'excluded'],
  upstream_refused: ['refused'],
  upstream_unroutable: ['unroutable'],
  upstream_connect_timeout: ['connect_timeout', 'tls_timeout'],
  upstream_reset: ['reset', 'tls_reset', 'tunnel_lost'],
  upstream_closed: ['closed', 'tls_closed'],
  upstream_tls_error: ['tls_garbled'],
  upstream_tls_alert: ['tls_alert'],
  upstream_certificate_error: ['certificate'],
  upstream_send_timeout: ['unsent'],
  upstream_timeout: ['silent', 'slow_head', 'slow_body'],
  upstream_incomplete_response: ['partial_head', 'truncated', 'two_lengths'],
  upstream_invalid_response: ['not_http', 'bad_header', 'two_lengths', 'switched', 'bad_chunk', 'bad_coding'],
  upstream_response_too_large: ['head_too_large'],
  upstream_unknown: ['no_route'],
  client_request_refused: ['bad_request', 'over_rate', 'denied'],
  client_unauthorized: ['unauthorized'],
  proxy_overloaded: ['overloaded', 'queued'],
  exit_pool_exhausted: ['exits_gone'],
  exit_failed: ['exits_gone', 'tunnel_lost'],
  target_paused: ['paused'],
  proxy_configuration_error: ['no_route'],
  proxy_internal_error: ['overloaded'],
}

const EDGE: Readonly<Record<EdgeErrorWord, readonly Mishap[]>> = {
  origin_unresolved: ['name_unknown', 'name_failed', 'name_timeout'],
  origin_unreachable: ['refused', 'connect_timeout', 'tls_timeout', 'unroutable'],
  origin_certificate: ['certificate'],
  origin_tls: TLS,
  origin_closed: ['closed', 'reset', 'tls_reset', 'tls_closed'],
  origin_timeout: ['silent', 'slow_head', 'slow_body', 'unsent'],
  origin_response: [
    'not_http',
    'bad_header',
    'two_lengths',
    'partial_head',
    'truncated',
    'head_too_large',
    'switched',
    'bad_chunk',
    'bad_coding',
  ],
  origin_unavailable: ['no_server', 'full'],
  request_refused: ['bad_request', 'denied', 'over_rate'],
  edge_error: ['overloaded', 'no_route'],
}

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`
const literal = (text: string): RegExp => new RegExp(`(?<!\\w)${text}(?!\\w)`)

export const badgateway: Product = {
  title: 'badgateway',
  source: 'src/dialects/proxy_error.ts, src/dialects/edge.ts',
  next: 'The trace of the run: badgateway run <id> --trace.',
  mark: /^x-(?:proxy|edge)-error:/im,
  statuses: {},
  words: [
    ...Object.entries(MEANT).map(([name, mishaps]) =>
      word(
        name,
        mishaps,
        sentence(proxyErrorWords[name as ProxyErrorWord]),
        'Proxy-Status beside it, and the trace of the run.',
        { pattern: literal(name) },
      ),
    ),
    ...Object.entries(EDGE).map(([name, mishaps]) =>
      word(name, mishaps, sentence(edgeErrorWords[name as EdgeErrorWord]), 'The origin directly, past the edge.', {
        pattern: literal(name),
      }),
    ),
    ...gatewayWords(),
  ],
}

/** `failure.reason` in the gateway's line about a failure. */
function gatewayWords(): Word[] {
  const rows: [reason: string, mishaps: readonly Mishap[], says: string][] = [
    ['tcp_connection_refused', ['refused'], 'The destination refused the connection.'],
    ['tcp_connection_reset', ['tls_reset', 'reset'], 'The destination, or a firewall before it, reset the connection.'],
    ['tcp_connection_closed', ['tls_closed', 'closed'], 'The destination closed the connection.'],
    ['tcp_connect_timeout', ['connect_timeout'], 'The connection was not made in time.'],
    ['tls_handshake_timeout', ['tls_timeout'], 'The TLS handshake took too long.'],
    ['http_response_timeout', ['silent', 'slow_head'], 'The response did not come in time.'],
    ['no_route', ['unroutable'], 'There is no route to the destination.'],
    ['tls_alert', ['tls_alert'], 'The destination sent a TLS alert.'],
    ['tls_certificate', ['certificate'], 'The certificate of the destination was not accepted.'],
    ['exit_failure', ['exits_gone', 'overloaded'], 'The exit failed before it got to the destination.'],
    ['http_status_502', ['passed_502'], 'The destination answered 502 itself.'],
  ]
  return rows.map(([reason, mishaps, says]) =>
    word(`failure.reason=${reason}`, mishaps, says, 'exit_node.ip beside it: one exit, or all of them.', {
      pattern: literal(`(?:failure\\.reason=)${reason}`),
    }),
  )
}
