/**
 * What Envoy knows of a connection that could not be made: errno from the socket, BoringSSL's words from TLS. It stands
 * behind the reset reason, in bodies and in the log; local_reply.ts calls it.
 */
import type { Failure } from '../../core/failure.js'
import { tlsAlerts } from '../tls_alerts.js'

/** Undefined where there is nothing to tell: the peer just closed, or our timer rang. */
export function transportFailure(failure: Failure): string | undefined {
  switch (failure.type) {
    case 'connection_refused':
      return failure.no_file ? 'immediate connect error: 2' : 'delayed connect error: 111'
    case 'destination_ip_unroutable':
      return 'immediate connect error: 101'
    case 'connection_terminated':
      return failure.stage === 'connect' && failure.manner === 'unroutable' ? 'delayed connect error: 113' : undefined
    case 'tls_certificate_error':
      return tlsError(125, 'CERTIFICATE_VERIFY_FAILED')
    case 'tls_alert_received':
      return failure.stage === 'tls' ? tlsError(...receivedAlert(failure.alert_id ?? 0)) : undefined
    case 'tls_protocol_error':
      return failure.stage === 'tls' ? unspeakable(failure.tls_error) : undefined
    default:
      return undefined
  }
}

/** Library 16 of BoringSSL is SSL; the number is what ERR_get_error gives. */
const tlsError = (reason: number | undefined, name: string): string => {
  const code = reason === undefined ? '' : `${(16 << 24) + reason}:`
  return `TLS_error:|${code}SSL routines:OPENSSL_internal:${name}:TLS_error_end`
}

/** The reason is 1000 more than the alert, as in OpenSSL; TLS 1.3 has no names of its own. */
function receivedAlert(id: number): [reason: number, name: string] {
  const words = tlsAlerts[id]?.openssl ?? `tlsv1 alert ${id}`
  const [version, ...rest] = words.replace('tlsv13', 'tlsv1').split(' ')
  const named = rest[0] === 'alert' ? rest : ['alert', ...rest]
  return [1000 + id, [version, ...named].join('_').toUpperCase()]
}

/** ssl.h; the others go without a number. */
const REASONS: Readonly<Record<string, number>> = {
  WRONG_VERSION_NUMBER: 247,
  UNSUPPORTED_PROTOCOL: 240,
  UNEXPECTED_MESSAGE: 223,
}

function unspeakable(tlsError_: string | undefined): string {
  const said = tlsError_?.split('::')[1] ?? 'wrong version number'
  const name = said.toUpperCase().replaceAll(' ', '_')
  return tlsError(REASONS[name], name)
}
