/**
 * A failure as Envoy's router sees it: a stream that was reset, and why, a time limit of its own, or no host at all. The
 * retry policy, outlier detection and the dialect go by it; the words for it are the dialect's.
 */
import type { Failure } from '../../failure.js'

/** Http::Utility::resetReasonToString. */
export type ResetReason =
  | 'local connection failure'
  | 'remote connection failure'
  | 'connection timeout'
  | 'connection termination'
  | 'local reset'
  | 'local refused stream reset'
  | 'remote reset'
  | 'remote refused stream reset'
  | 'remote error with CONNECT request'
  | 'overflow'
  | 'protocol error'
  | 'overload manager reset'

export type Fate =
  | { is: 'reset'; reason: ResetReason }
  /** `response`: of the route, for the whole response; `try`: of one try; `idle`: nothing came any more. */
  | { is: 'late'; limit: 'response' | 'try' | 'idle' }
  | { is: 'no host' }
  /** Beyond the rate that is let in. */
  | { is: 'limited' }
  /** A request that is not passed on. */
  | { is: 'refused' }

const reset = (reason: ResetReason): Fate => ({ is: 'reset', reason })

export function fateOf(failure: Failure): Fate {
  const { stage, manner, type } = failure
  // A name without an address is a cluster without hosts.
  if (stage === 'dns' || type === 'destination_unavailable') return { is: 'no host' }
  if (type === 'connection_limit_reached') return reset('overflow')
  if (type === 'http_request_denied') return { is: 'limited' }
  if (type === 'http_request_error') return { is: 'refused' }
  if (type === 'http_response_timeout') return { is: 'late', limit: failure.per_try ? 'try' : 'response' }
  // What waits for a connection waits within the time of the route.
  if (stage === 'select') return manner === 'timeout' ? { is: 'late', limit: 'response' } : reset('local reset')
  if (manner === 'internal') return reset('local reset')
  if (stage === 'connect' || stage === 'tls') return unconnected(failure)
  if (manner === 'timeout') return late(failure)
  return reset(manner === 'http' ? 'protocol error' : 'connection termination')
}

/** The handshake of TLS belongs to the connecting. A reset that came with the connection is met by sending on it. */
function unconnected({ stage, manner, type }: Failure): Fate {
  if (manner === 'timeout') return reset('connection timeout')
  const metLater = stage === 'connect' && type === 'connection_terminated' && manner !== 'unroutable'
  return reset(metLater ? 'connection termination' : 'remote connection failure')
}

/** Between two arrivals of the body nothing is limited but how long a stream may be idle. */
function late({ stage, type }: Failure): Fate {
  const idle = (stage === 'response_body' || stage === 'tunnel') && type === 'connection_read_timeout'
  return { is: 'late', limit: idle ? 'idle' : 'response' }
}
