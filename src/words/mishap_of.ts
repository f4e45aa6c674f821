/** A failure that a hop of ours perceived, as a row of the table of mishaps. index.ts gives it to others; tests compare with it. */
import type { Failure } from '../core/failure.js'
import type { Mishap } from './mishaps.js'

/** What a hop of ours perceived, as a row of that table. */
export function mishapOf(failure: Failure): Mishap {
  const { type, stage, manner, rcode } = failure
  const own = BY_MANNER[manner]
  if (own) return own
  switch (type) {
    case 'http_protocol_error':
      return unreadable(failure)
    case 'dns_error':
      return rcode === 'NXDOMAIN' || rcode === 'NOERROR' ? 'name_unknown' : 'name_failed'
    case 'connection_terminated':
      return terminated(stage, manner)
    case 'connection_timeout':
      return stage === 'select' ? 'queued' : stage === 'tls' ? 'tls_timeout' : 'connect_timeout'
    case 'connection_read_timeout':
      return stage === 'response_body' || stage === 'tunnel' ? 'slow_body' : 'silent'
    case 'http_response_timeout':
      return stage === 'response_body' ? 'slow_body' : 'slow_head'
    case 'http_response_incomplete':
      return stage === 'response_body' ? 'truncated' : 'partial_head'
    case 'http_response_transfer_coding':
      return stage === 'response_body' ? 'bad_chunk' : 'bad_coding'
    default:
      return BY_TYPE[type] ?? 'overloaded'
  }
}

/** One header line is at fault, or two that contradict each other; else it was not read that far. */
function unreadable({ fields = [], details }: Failure): Mishap {
  if (fields.length > 0) return fields.length === 1 ? 'bad_header' : 'two_lengths'
  return details === 'switched protocols unasked' ? 'switched' : 'not_http'
}

function terminated(stage: Failure['stage'], manner: Failure['manner']): Mishap {
  if (stage === 'tunnel') return 'tunnel_lost'
  if (stage === 'tls') return manner === 'closed' ? 'tls_closed' : 'tls_reset'
  if (manner === 'unroutable') return 'unroutable'
  return manner === 'reset' ? 'reset' : 'closed'
}

const BY_MANNER: Readonly<Partial<Record<Failure['manner'], Mishap>>> = {
  unauthorized: 'unauthorized',
  overloaded: 'overloaded',
  exhausted: 'exits_gone',
  paused: 'paused',
}

const BY_TYPE: Readonly<Partial<Record<Failure['type'], Mishap>>> = {
  dns_timeout: 'name_timeout',
  destination_not_found: 'no_route',
  destination_unavailable: 'no_server',
  destination_ip_prohibited: 'denied',
  destination_ip_unroutable: 'unroutable',
  connection_refused: 'refused',
  connection_write_timeout: 'unsent',
  connection_limit_reached: 'full',
  tls_protocol_error: 'tls_garbled',
  tls_certificate_error: 'certificate',
  tls_alert_received: 'tls_alert',
  http_request_error: 'bad_request',
  http_request_denied: 'over_rate',
  http_response_header_section_size: 'head_too_large',
  http_response_header_size: 'head_too_large',
  http_response_trailer_section_size: 'head_too_large',
  http_response_trailer_size: 'head_too_large',
  http_response_content_coding: 'bad_coding',
  http_upgrade_failed: 'switched',
  proxy_configuration_error: 'no_route',
  proxy_loop_detected: 'no_route',
}
