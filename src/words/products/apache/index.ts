/** Apache's words: the AH codes of mod_proxy, mod_proxy_http, mod_proxy_balancer and mod_ssl in its error log. */
import type { Parts, Product } from '../../product.js'
import { apacheAnswering } from './answering.js'
import { apacheConnecting } from './connecting.js'

export const apache: Product = {
  title: 'Apache',
  source: 'Apache httpd 2.4.71 as it ran: mod_proxy, mod_proxy_http, mod_proxy_balancer, mod_ssl',
  next: 'The error log: the AH code, and the errno in parentheses in front of it.',
  mark: /<address>Apache|^server: Apache/im,
  statuses: {
    '200 cut': ['truncated', 'bad_chunk', 'slow_body'],
    accepted: ['not_http', 'two_lengths', 'bad_header', 'switched'],
    '400': ['bad_request'],
    '404': ['no_route'],
    '408': ['bad_request'],
    '413': ['bad_request'],
    '500': [
      'tls_reset',
      'tls_closed',
      'tls_alert',
      'tls_garbled',
      'tls_timeout',
      'certificate',
      'bad_header',
      'overloaded',
      'no_route',
      'name_unknown',
      'name_failed',
      'name_timeout',
    ],
    '501': ['bad_request'],
    '502': [
      'closed',
      'reset',
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'two_lengths',
      'silent',
      'slow_head',
      'name_unknown',
      'name_failed',
      'name_timeout',
      'bad_coding',
      'switched',
      'tls_reset',
      'tls_closed',
      'tls_alert',
      'certificate',
    ],
    '503': ['refused', 'connect_timeout', 'unroutable', 'no_server', 'full', 'queued', 'excluded', 'overloaded'],
    '504': ['silent', 'slow_head', 'unsent'],
  },
  takeApart,
  words: [...apacheConnecting, ...apacheAnswering],
}

/** ErrorLogFormat as it comes, its time or not: [time] [module:level] [pid …] [client …] message; and `common` or `combined`. */
function takeApart(line: string): Parts | undefined {
  const access = /^\S+ \S+ \S+ \[[^\]]+\] "(?:[^"\\]|\\.)*" (\d{3}) (?:\d+|-)(?: ".*")?$/.exec(line)
  if (access) return { status: access[1], words: [] }
  const error = /^(?:\[\w{3} \w{3} +\d+ [\d:.]+ \d{4}\] )?\[\w+:\w+\] (?:\[[^\]]*\] )*(.*)$/s.exec(line)
  return error ? { words: [error[1]!] } : undefined
}
