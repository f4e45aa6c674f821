/**
 * How HAProxy 2.6.12 ends a request that failed: the status, the two letters of the termination state, and whether the client
 * hears of it at all (http_return_srv_error in http_ana.c, http_wait_for_response; manual 8.5).
 */
import type { Failure } from '../../core/failure.js'

export interface Termination {
  status: number
  /** Who ended it, and in which phase. */
  state: string
  /**
   * Not the first request on its connection: `unsaid`, it is closed without an answer, for the client to try again;
   * `unlogged`: and there is no line about it either.
   */
  otherwise?: 'unsaid' | 'unlogged'
  /** No server was chosen. */
  unchosen?: true
}

export function terminationOf({ type, stage, manner, status }: Failure): Termination {
  if (type === 'http_request_error') {
    return { status: status ?? 400, state: status === 408 ? 'cR' : 'PR', unchosen: true }
  }
  if (status !== undefined) return { status, state: 'PR', unchosen: true }
  if (type === 'proxy_internal_error') return { status: 500, state: 'IC' }
  const timer = manner === 'timeout'
  switch (stage) {
    case 'select':
      if (type === 'destination_unavailable') return { status: 503, state: 'SC', unchosen: true }
      return { status: 503, state: timer ? 'sQ' : 'SQ', unchosen: true }
    case 'dns':
      return { status: 503, state: 'SC', unchosen: true }
    case 'connect':
      // It has been made, and is lost by the time that HAProxy looks again: it has sent something then.
      if (manner === 'reset') return { status: 502, state: 'SH', otherwise: 'unlogged' }
      return timer ? { status: 503, state: 'sC', otherwise: 'unsaid' } : { status: 503, state: 'SC' }
    case 'tls':
      return timer ? { status: 503, state: 'sC', otherwise: 'unsaid' } : { status: 503, state: 'SC' }
    case 'request':
    case 'response_head':
      if (timer) return { status: 504, state: 'sH' }
      return manner === 'http' ? { status: 502, state: 'PH' } : { status: 502, state: 'SH', otherwise: 'unlogged' }
    default:
      // What was begun keeps its status.
      return { status: 200, state: timer ? 'sD' : manner === 'http' ? 'PD' : 'SD' }
  }
}
