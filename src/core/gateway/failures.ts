/** The failures of a request for which a gateway has no way out, and the words of its decision log for why a try failed. */
import type { Failure } from '../failure.js'

/** With 503, which RFC 9209 recommends, a client would wait for the target. */
export const exitPoolExhausted = (): Failure => ({
  type: 'destination_unavailable',
  stage: 'select',
  manner: 'exhausted',
  details: 'every exit is in quarantine for this destination',
  status: 502,
})

export const exitsFull = (): Failure => ({
  type: 'connection_limit_reached',
  stage: 'select',
  manner: 'overloaded',
  details: 'every exit carries as much as it may',
})

export const targetPaused = (): Failure => ({
  type: 'destination_unavailable',
  stage: 'select',
  manner: 'paused',
  details: 'requests to this destination are paused',
})

/** The exit failed before it got to the target. */
export const exitFailed = (): Failure => ({
  type: 'proxy_internal_error',
  stage: 'connect',
  manner: 'exit',
  details: 'the exit failed',
  status: 502,
})

/** It died with what went through it, or was dead before. */
export const exitDied = (): Failure => ({ ...exitFailed(), details: 'the exit died' })

/** It was to be tried again, and its response is gone: in the end there was no other try. */
export const lostResponse = (status: number): Failure => ({
  type: 'proxy_internal_response',
  stage: 'select',
  manner: 'unavailable',
  details: `${status} was answered, and there was no other try`,
  status,
})

/** As `scraping-glossary` (docs/sources.md) writes `failure.reason`: the layer, and what happened there. */
export function failureWord(failure: Failure | undefined, status: number | undefined): string {
  if (!failure) return status === undefined ? 'unknown' : `http_status_${status}`
  const { manner, stage, type } = failure
  switch (manner) {
    case 'reset':
      return 'tcp_connection_reset'
    case 'closed':
      return 'tcp_connection_closed'
    case 'refused':
      return 'tcp_connection_refused'
    case 'unroutable':
      return 'no_route'
    case 'unresolved':
      return 'dns_error'
    case 'timeout':
      return stage === 'dns' ? 'dns_timeout' : `${LAYER[stage] ?? 'http_response'}_timeout`
    case 'alert':
      return 'tls_alert'
    case 'certificate':
      return 'tls_certificate'
    case 'tls':
      return 'tls_error'
    case 'exit':
      return 'exit_failure'
    default:
      return type
  }
}

const LAYER: Partial<Record<Failure['stage'], string>> = { connect: 'tcp_connect', tls: 'tls_handshake' }
