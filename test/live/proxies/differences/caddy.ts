/** What Caddy 2.6.2 makes of the catalogue, where it is not what the scenario expects. */
import { type Differences, OWN_WORDS } from './difference.js'

export const caddy: Differences = {
  skipped: {
    'slow-body': 'timeouts.response of hop lb: Caddy has no limit for the whole response of a server',
    'slow-headers': 'timeouts.response of hop lb: Caddy has no limit for the whole response of a server',
  },
  different: {
    // What fails while dialling is 502, also where the time for it was over.
    'connect-timeout': ['client plain status 504'],
    'accept-queue-full': ['client plain status 504'],
    // Go asks for both kinds of addresses, and again as it sees fit.
    'dns-nxdomain': ['fault gone fired'],
    'dns-servfail': ['fault broken fired'],
    'dns-timeout': ['fault silent fired', 'client plain status 504'],
    // Go asks two questions for each connection, for either kind of address: the one stale answer does no harm.
    'dns-stale-address': [
      'client plain status 502',
      'proxy lb error connection_refused at connect by refused',
      'origin app connections',
    ],
    // Go reads ten megabytes of a head; what comes here is less, and ends in the middle.
    'header-section-too-large': ['proxy lb error http_response_header_section_size'],
    // Chunks go before a length, as RFC 9112 section 6.3 has it.
    'content-length-and-chunked': ['client plain status 502', 'proxy lb error http_protocol_error'],
    // Go takes any byte in a value but a line's end, and a space in a name; a field of that name is not passed on.
    'invalid-header-value': ['client plain status 502', 'proxy lb error http_protocol_error'],
    'invalid-header-name': ['client plain status 502', 'proxy lb error http_protocol_error'],
    // A body whose length was not told is ended as if it were complete.
    'invalid-chunk-size': ['client plain truncated'],
    'unterminated-chunked': ['client plain truncated', 'client plain success_rate'],
    // Its own answers are heads without a body.
    'origin-crash-mid-response': ['client plain bytes'],
    // A 101 that nobody asked for is not passed on: an empty 200 is said.
    'unexpected-switching-protocols': ['client plain status 502', 'proxy lb error http_protocol_error'],
    // It takes CONNECT for a request like any other, and passes it on.
    'gateway-invalid-endpoint': ['client balancer status 405'],
    // 501, as RFC 9112 section 6.1 has it, and Go says so before Caddy hears of it.
    'request-malformed-transfer-encoding': [
      'client through status 400',
      'client listed status 400',
      'proxy lb error http_request_error at select',
      'proxy lb tries',
    ],
    // Go sends a request again by itself, over a new connection, where one that it had kept was lost.
    'rate-limit-drop': ['fault limit fired'],
    'waf-repeated-paths': ['waf wall rule again hits'],
    'waf-missing-headers': ['waf wall rule no_browser hits'],
  },
  either: {
    'intermittent-connect': 'a connect that takes too long is 502; whether one does is a matter of the moment',
    'origin-restart': 'a process has to start again in time, and none of that is Caddy’s',
    'poison-request': 'all requests go around the servers together: a second try may come to one that was asked before',
    'overload-collapse': 'whether clients recover hangs on what else this machine does',
  },
  reasons: OWN_WORDS,
}
