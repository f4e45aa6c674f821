/**
 * What Envoy answers and logs where nothing comes from a host, or not all of it: status, body, response flag and
 * %RESPONSE_CODE_DETAILS% (router.cc, stream_info.h). A stream that was reset is a 503, and a 502 where the response is not
 * HTTP; the dialect words its answers and its access log with it.
 */
import type { Failure } from '../../core/failure.js'
import { fateOf, type ResetReason } from '../../core/proxy/envoy/reset_reason.js'
import { type FlagName, flagOfReset } from './flags.js'
import { transportFailure } from './transport_failure.js'

export interface LocalReply {
  status: number
  /** Plain text; empty for none. */
  body: string
  flag: FlagName | undefined
  details: string
  /** A circuit breaker has turned it away. */
  overloaded: boolean
}

const reply = (status: number, body: string, flag: FlagName | undefined, details: string): LocalReply => ({
  status,
  body,
  flag,
  details,
  overloaded: false,
})

/**
 * @param begun the response was, and what is said here only goes to the log
 * @param retried it was not the first try
 */
export function localReply(failure: Failure, { begun = false, retried = false } = {}): LocalReply {
  const fate = fateOf(failure)
  switch (fate.is) {
    case 'reset':
      return afterReset(fate.reason, transportFailure(failure), begun, retried)
    case 'late':
      if (fate.limit === 'idle') return reply(408, 'stream timeout', 'SI', 'stream_idle_timeout')
      return reply(
        504,
        'upstream request timeout',
        'UT',
        fate.limit === 'try' ? 'upstream_per_try_timeout' : 'response_timeout',
      )
    case 'no host':
      return reply(503, 'no healthy upstream', 'UH', 'no_healthy_upstream')
    case 'limited':
      return reply(failure.status ?? 429, 'local_rate_limited', 'RL', 'local_rate_limited')
    case 'refused':
      return refused(failure)
  }
}

function afterReset(reason: ResetReason, why: string | undefined, begun: boolean, retried: boolean): LocalReply {
  const what = `${retried ? 'retried and the latest ' : ''}reset reason: ${reason}`
  const transport = why === undefined ? '' : `, transport failure reason: ${why}`
  const body = `upstream connect error or disconnect/reset before headers. ${what}${transport}`
  const details = `upstream_reset_${begun ? 'after' : 'before'}_response_started{${reason}${why === undefined ? '' : `,${why}`}}`
  return {
    status: reason === 'protocol error' ? 502 : 503,
    body,
    flag: flagOfReset[reason],
    details: details.replaceAll(' ', '_'),
    overloaded: reason === 'overflow',
  }
}

/** conn_manager_impl.cc and http1/codec_impl.cc: a codec's complaint is answered with the phrase of its status. */
function refused({ details }: Failure): LocalReply {
  if (details === 'Host is missing') return reply(400, '', undefined, 'missing_host_header')
  if (details === 'CONNECT is not spoken here') return reply(404, '', 'NR', 'route_not_found')
  if (details.startsWith('request header fields too large')) {
    return reply(431, 'Request Header Fields Too Large', 'DPE', 'http1.headers_too_large')
  }
  if (details.startsWith('request timeout')) return reply(408, 'request timeout', undefined, 'request_overall_timeout')
  if (details.startsWith('transfer coding')) {
    return reply(501, 'Not Implemented', 'DPE', 'http1.invalid_transfer_encoding')
  }
  return reply(400, 'Bad Request', 'DPE', 'http1.codec_error')
}
