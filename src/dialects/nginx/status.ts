/** The status with which nginx 1.22.1 answers for a failure (ngx_http_upstream_next). */
import type { Failure } from '../../core/failure.js'

/**
 * 504 for its own timers from the connect on, and 502 for all else: also for a name server that does not answer, and
 * where no server is to be had, whatever the reason. What the configuration says goes first.
 */
export function statusOf({ stage, manner, type, status }: Failure): number {
  if (status !== undefined) return status
  if (type === 'proxy_internal_error') return 500
  return manner === 'timeout' && stage !== 'dns' && stage !== 'select' ? 504 : 502
}
