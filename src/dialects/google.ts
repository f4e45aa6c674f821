/**
 * Google Cloud's external Application Load Balancer, the classic one, as its logging page has it: 502 for whatever goes wrong
 * with a backend, and statusDetails in the log to tell why. `Via: 1.1 google` stands on what it passes on. The pages are in
 * our words; entries of the log have the fields that are documented, as JSON.
 */
import type { Failure } from '../core/failure.js'
import { page, pageFields, timestamp } from './cloud_page.js'
import type { AccessEntry, Answer, Asked, Dialect } from './dialect.js'
import { reasonOf } from './rfc9209.js'

export const google: Dialect = {
  summary: 'Google Cloud external Application Load Balancer (classic): 502, Via, and a log with statusDetails',
  tickMs: 1,
  tellsLast: true,
  via: false,
  answer: (failure, to) => answered(statusOf(failure), to),
  refusal: (status, failure, to) => answered(refusalOf(status, failure), { ...to, keepAlive: false }),
  /** It logs nothing of a request but its entry. */
  errorLog: {},
  marked: (fields) => [...fields, 'Via', VIA],
  access: accessLine,
}

const VIA = '1.1 google'

const statusOf = ({ status, type }: Failure): number => status ?? (type === 'proxy_internal_error' ? 500 : 502)

const refusalOf = (status: number, { details }: Failure): number => {
  if (status === 431) return 413
  return details.startsWith('transfer coding') || status === 405 ? 400 : status
}

function answered(status: number, { method, keepAlive, date }: Asked): Answer {
  const says =
    status < 500 ? 'The load balancer does not take this request.' : 'The backend gave no valid answer in time.'
  const body = page(status, says)
  const about = [...pageFields('text/html; charset=UTF-8', body), 'Referrer-Policy', 'no-referrer', 'Date', date]
  const fields = [...about, 'Via', VIA, ...(keepAlive ? [] : ['Connection', 'close'])]
  return { status, reason: reasonOf(status), fields, body: method === 'HEAD' ? '' : body }
}

/** An entry of Cloud Logging: httpRequest, and jsonPayload with the reason. */
function accessLine(entry: AccessEntry): string {
  const { client, request, userAgent, date, bodyBytes, tries } = entry
  const last = tries.at(-1)
  const [requestMethod, requestUrl, protocol] = request.split(' ')
  return JSON.stringify({
    httpRequest: {
      requestMethod,
      requestUrl,
      protocol,
      status: entry.status ?? 0,
      responseSize: String(bodyBytes),
      userAgent,
      remoteIp: client,
      serverIp: last?.failure?.stage === 'select' ? undefined : last?.address.replace(/:\d+$/, ''),
    },
    jsonPayload: { '@type': ENTRY, statusDetails: detailsOf(entry) },
    severity: (entry.status ?? 0) >= 400 || entry.clientLeft ? 'WARNING' : 'INFO',
    timestamp: timestamp(date),
  })
}

const ENTRY = 'type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry'

function detailsOf({ status, clientLeft, tries, ...entry }: AccessEntry): string {
  const failure = entry.failure ?? tries.at(-1)?.failure
  if (clientLeft) {
    return status === undefined
      ? 'client_disconnected_before_any_response'
      : 'client_disconnected_after_partial_response'
  }
  if (failure) return statusDetails(failure)
  return 'response_sent_by_backend'
}

/** What the documentation's table has for it. */
export function statusDetails(failure: Failure): string {
  const { type, stage } = failure
  if (type === 'http_request_error') return 'invalid_request_headers'
  if (stage === 'dns') return 'invalid_external_origin_endpoint'
  if (stage === 'select')
    return type.startsWith('http_request') ? 'throttled_by_security_policy' : 'failed_to_pick_backend'
  if (type === 'tls_certificate_error') {
    return failure.certificate_error === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? 'ssl_certificate_san_verification_failed'
      : 'ssl_certificate_chain_verification_failed'
  }
  if (stage === 'connect' || stage === 'tls') return 'failed_to_connect_to_backend'
  return DETAILS[type] ?? (stage === 'response_body' ? PARTIAL : 'backend_connection_closed_before_data_sent_to_client')
}

const PARTIAL = 'backend_connection_closed_after_partial_response_sent'

const DETAILS: Readonly<Partial<Record<Failure['type'], string>>> = {
  connection_read_timeout: 'backend_timeout',
  connection_write_timeout: 'backend_timeout',
  http_response_timeout: 'backend_timeout',
  http_response_header_section_size: 'backend_response_headers_too_long',
  http_response_header_size: 'backend_response_headers_too_long',
  http_protocol_error: 'backend_response_corrupted',
  http_response_transfer_coding: 'backend_response_corrupted',
  http_upgrade_failed: 'websocket_handshake_failed',
  proxy_internal_error: 'internal_error',
}
