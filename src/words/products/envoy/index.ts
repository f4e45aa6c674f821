/** Envoy's words: response flags, response code details, and the body of its own answers. */
import type { Mishap } from '../../mishaps.js'
import type { Parts, Product } from '../../product.js'
import { envoyDetails } from './details.js'
import { envoyFlags } from './flags.js'

const TLS: readonly Mishap[] = ['tls_reset', 'tls_closed', 'tls_alert', 'tls_garbled', 'certificate', 'tls_timeout']

const CONNECT: readonly Mishap[] = ['refused', 'connect_timeout', 'unroutable', ...TLS]

export const envoy: Product = {
  title: 'Envoy',
  source: 'router.cc, stream_info/utility.cc and docs response_code_details, stored files of envoyproxy/envoy',
  next: '%RESPONSE_FLAGS% and %RESPONSE_CODE_DETAILS% in its access log.',
  mark: /^server: envoy|^x-envoy-/im,
  statuses: {
    none: ['client_left'],
    '200 cut': ['truncated', 'bad_chunk', 'slow_body'],
    accepted: ['certificate'],
    '400': ['bad_request'],
    '403': ['denied'],
    '404': ['no_route'],
    '408': ['bad_request'],
    '429': ['over_rate'],
    '502': ['not_http', 'bad_header', 'head_too_large', 'two_lengths', 'bad_coding', 'switched'],
    '503': [
      ...CONNECT,
      'closed',
      'reset',
      'partial_head',
      'no_server',
      'full',
      'overloaded',
      'name_unknown',
      'name_failed',
      'name_timeout',
      'tunnel_lost',
    ],
    '504': ['silent', 'slow_head', 'queued', 'unsent'],
  },
  takeApart,
  words: [...envoyFlags, ...envoyDetails],
}

/** The default format, and Istio's: status, flags, and the details where they are logged. */
function takeApart(line: string): Parts | undefined {
  const json = /"response_flags"\s*:\s*"([^"]*)"/.exec(line)
  if (json) {
    const details = /"response_code_details"\s*:\s*"([^"]*)"/.exec(line)?.[1]
    const status = /"response_code"\s*:\s*"?(\d{3})/.exec(line)?.[1]
    return { status, words: [...flagsOf(json[1]!), ...(details ? [details] : [])] }
  }
  const found = /^\[[^\]]+\] "[^"]*" (\d+) ([A-Z]+(?:,[A-Z]+)*|-)(?: (\S+))?/.exec(line)
  if (!found) return undefined
  const [, status, flags, details] = found
  return {
    status: status === '0' ? undefined : status,
    words: [...flagsOf(flags!), ...(details && /[a-z]/.test(details) ? [details] : [])],
  }
}

const flagsOf = (flags: string): string[] => (flags === '-' ? [] : flags.split(','))
