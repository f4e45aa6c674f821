/** Envoy's response flags: %RESPONSE_FLAGS%. index.ts has the rest of Envoy. */
import type { Mishap } from '../../mishaps.js'
import { type Word, word } from '../../product.js'

const TLS: readonly Mishap[] = ['tls_reset', 'tls_closed', 'tls_alert', 'tls_garbled', 'certificate', 'tls_timeout']

const CONNECT: readonly Mishap[] = ['refused', 'connect_timeout', 'unroutable', ...TLS]

const FAILURE = '%UPSTREAM_TRANSPORT_FAILURE_REASON% and the details: errno 111 is a refusal, 110 or 113 the way there.'

const KEEPALIVE =
  'Whether it is now and then, on reused connections: the idle time of the server against that of the cluster.'

const flag = (
  letters: string,
  mishaps: readonly Mishap[],
  says: string,
  next: string,
  causes: readonly string[] = [],
) => word(letters, mishaps, says, next, { pattern: new RegExp(`(?<![\\w/.-])${letters}(?![\\w/.-])`), causes })

export const envoyFlags: readonly Word[] = [
  flag(
    'UF',
    CONNECT,
    'No connection to the host: refused, timed out, without a route, or TLS failed. 503, not 502.',
    FAILURE,
  ),
  flag(
    'UC',
    ['closed', 'reset', 'partial_head', 'truncated', 'tls_alert'],
    'The upstream ended the connection: before a response 503, within it the response is cut.',
    KEEPALIVE,
    ['empty-response', 'reset-before-response', 'keepalive-race'],
  ),
  flag(
    'UT',
    ['silent', 'slow_head', 'slow_body', 'queued'],
    'The route timeout (15 s, for the complete response) struck: 504.',
    "The route's timeout against what the server needs.",
  ),
  flag(
    'UH',
    ['no_server', 'name_unknown', 'name_failed', 'name_timeout'],
    'No healthy host in the cluster, and no panic mode: 503.',
    'Health checks and outlier ejections of the cluster: /clusters of the admin port.',
  ),
  flag(
    'UO',
    ['full', 'queued'],
    'A circuit breaker: too many connections, pending requests, requests or retries. 503 with x-envoy-overloaded.',
    'circuit_breakers of the cluster; upstream_rq_pending_overflow.',
  ),
  flag(
    'UPE',
    ['not_http', 'bad_header', 'head_too_large', 'two_lengths', 'bad_coding', 'bad_chunk', 'switched'],
    'The response is no valid HTTP: the one reset that Envoy answers with 502.',
    'The details: http1.codec_error and others say what.',
  ),
  flag(
    'UR',
    ['reset', 'closed'],
    'The upstream reset the stream (HTTP/2 RST_STREAM): 503.',
    'The log of the server; retry_on: refused-stream.',
  ),
  flag(
    'LR',
    ['silent', 'overloaded', 'reset'],
    'Envoy itself reset the stream.',
    'Idle and stream timeouts of the cluster.',
  ),
  flag('LH', ['no_server'], "The local service failed Envoy's health check: 503.", 'The health_check filter.'),
  flag('NR', ['no_route'], 'No route matches: 404.', 'Host and path against the route configuration.'),
  flag(
    'NC',
    ['no_route', 'no_server'],
    'The cluster of the route does not exist: 503.',
    'The names of clusters (CDS).',
  ),
  flag(
    'URX',
    ['refused', 'closed', 'reset', 'silent', 'passed_503', 'passed_502', 'no_server'],
    'The last of all retries failed as well.',
    'retry_on and num_retries; the first failure is in the logs of the tries.',
  ),
  flag(
    'DC',
    ['client_left'],
    'The client left: status 0, no 499 here.',
    "The client's timeout against that of the route.",
  ),
  flag(
    'DT',
    ['slow_head', 'silent'],
    'The request or the connection was open for too long (max duration).',
    'max_connection_duration, max_stream_duration.',
  ),
  flag('DPE', ['bad_request'], 'The request is no valid HTTP: 400.', 'The details: http1.codec_error and others.'),
  flag(
    'IH',
    ['bad_request'],
    'A header of the request has an invalid value (strict checks): 400.',
    'The x-envoy- headers of the request.',
  ),
  flag('SI', ['slow_head', 'silent'], 'The stream was idle for too long: 408, or 504.', 'stream_idle_timeout (5 min).'),
  flag(
    'UMSDR',
    ['silent', 'slow_head', 'slow_body'],
    'The upstream request ran longer than max_stream_duration.',
    'max_stream_duration.',
  ),
  flag(
    'DF',
    ['name_unknown', 'name_failed', 'name_timeout'],
    'DNS failed (dynamic forward proxy).',
    'dig NAME; dns_cache_config.',
  ),
  flag('RL', ['over_rate'], 'A rate limit refused it: 429.', 'The rate limit service.'),
  flag('RLSE', ['over_rate', 'overloaded'], 'The rate limit service failed.', 'failure_mode_deny, and that service.'),
  flag('UAEX', ['denied', 'unauthorized'], 'The external authorization refused it.', 'The ext_authz service.'),
  flag(
    'OM',
    ['overloaded'],
    'The overload manager: Envoy is out of a resource. 503.',
    'Heap and connections of Envoy.',
  ),
  flag('DO', ['overloaded', 'full'], 'drop_overload of the cluster: 503.', 'The load assignment (EDS).'),
  flag('DI', ['silent', 'slow_head'], 'A delay was injected by the fault filter.', 'The fault filter.'),
  flag('FI', ['passed_503'], 'An abort was injected by the fault filter.', 'The fault filter.', ['upstream-own-503']),
  flag('RFCF', ['bad_request'], 'A filter refused the request.', 'The filters of that listener.'),
  flag('NFCF', ['no_route', 'overloaded'], "A filter's configuration is missing.", 'ECDS.'),
]
