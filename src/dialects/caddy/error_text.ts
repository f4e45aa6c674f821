/**
 * What Go 1.19 says of a failure, as Caddy 2.6.2 was seen to log it; and the status that Caddy makes of that
 * (reverseproxy.go, statusError). index.ts and error_log.ts call it.
 */
import type { Failure } from '../../core/failure.js'
import type { LogContext } from '../log_line.js'
import { alertWords } from './go_tls.js'

/** What is known beside the failure, for the words alone. */
export type Place = Pick<LogContext, 'upstream' | 'name' | 'serverName'>

export function statusOf({ stage, manner, status }: Failure): number {
  if (status !== undefined) return status
  if (stage === 'select') return 503
  // What fails while dialling hides that it is a timeout.
  return manner === 'timeout' && stage !== 'dns' && stage !== 'connect' && stage !== 'request' ? 504 : 502
}

export function errorText(failure: Failure, place: Place): string {
  const { stage, manner, said } = failure
  const timedOut = manner === 'timeout'
  // The reader has read to the end, and found that something is missing or wrong.
  if (said !== undefined && !(timedOut && stage === 'response_head')) return said
  switch (stage) {
    case 'select':
      return 'no upstreams available'
    case 'dns':
      return `dial tcp: lookup ${place.name}: ${NOT_RESOLVED[failure.rcode ?? ''] ?? (timedOut ? 'i/o timeout' : 'server misbehaving')}`
    case 'connect':
      return manner === 'reset'
        ? lost('read', manner, place)
        : `dial ${dialled(place)}: ${failure.no_file ? 'connect: no such file or directory' : (UNCONNECTED[manner] ?? manner)}`
    case 'tls':
      return tlsText(failure, place)
    case 'request':
      return timedOut ? `write tcp ${between(place)}: i/o timeout` : lost('write', manner, place)
    case 'response_head':
      return timedOut ? 'net/http: timeout awaiting response headers' : lost('read', manner, place)
    default:
      return timedOut
        ? `read tcp ${between(place)}: i/o timeout`
        : manner === 'closed'
          ? 'unexpected EOF'
          : lost('read', manner, place)
  }
}

/** Go has no word for a name server that refuses. */
const NOT_RESOLVED: Readonly<Record<string, string>> = { NXDOMAIN: 'no such host', NOERROR: 'no such host' }

const UNCONNECTED: Readonly<Partial<Record<Failure['manner'], string>>> = {
  refused: 'connect: connection refused',
  timeout: 'i/o timeout',
  unroutable: 'connect: network is unreachable',
}

function dialled({ upstream = '' }: Place): string {
  const path = /^\w+:\/\/unix:([^:]+):/.exec(upstream)?.[1]
  return path === undefined ? `tcp ${addressOf(upstream)}` : `unix ${path}`
}

function tlsText({ manner, alert_id, certificate_error, tls_error = '' }: Failure, place: Place): string {
  if (manner === 'timeout') return 'net/http: TLS handshake timeout'
  if (manner === 'alert') return `remote error: tls: ${alertWords(alert_id ?? 0)}`
  if (manner === 'certificate') return certificateText(certificate_error ?? '', place)
  if (manner !== 'tls') return lost('read', manner, place)
  return /wrong version number|packet length|record/.test(tls_error)
    ? 'tls: first record does not look like a TLS handshake'
    : `tls: ${tls_error.split(':').at(-1) || 'handshake failed'}`
}

/** Go says the dates, and for whom the certificate is: what Node does not tell is left out. */
function certificateText(code: string, { serverName = '' }: Place): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'x509: certificate has expired or is not yet valid'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return `x509: certificate is valid for other names, not ${serverName}`
    default:
      return 'x509: certificate signed by unknown authority'
  }
}

function lost(call: 'read' | 'write', manner: Failure['manner'], place: Place): string {
  if (manner === 'closed') return 'EOF'
  const errno = manner === 'unroutable' ? 'no route to host' : 'connection reset by peer'
  return `${call} tcp ${between(place)}: ${call}: ${errno}`
}

/** Our end is not known here. */
const between = ({ upstream = '' }: Place): string => `127.0.0.1->${addressOf(upstream)}`

/** host:port of the URL. */
const addressOf = (upstream: string): string => /^\w+:\/\/([^/?#]*)/.exec(upstream)?.[1] ?? ''
