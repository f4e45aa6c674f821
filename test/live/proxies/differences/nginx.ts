/** What nginx 1.22.1 makes of the catalogue, where it is not what the scenario expects. */
import { type Differences, OWN_WORDS } from './difference.js'

export const nginx: Differences = {
  skipped: {
    'slow-body': 'timeouts.response of hop lb: nginx has no limit for the whole response',
    'slow-headers': 'timeouts.response of hop lb: nginx has no limit for the whole response',
  },

  different: {
    // 502 for a name server that is silent; and requests for the same name share one question.
    'dns-timeout': ['fault silent fired', 'client plain status 504'],
    // What is not HTTP is passed on as HTTP/0.9, with status 009 in the log.
    'wrong-protocol': ['client plain status 502'],
    'garbage-response': ['client plain status 502'],
    'malformed-status-line': ['client plain status 502'],
    'waf-invalid-response': ['client spider status 502'],
    // 502 where no server is left to be asked, or none has room.
    'no-live-upstreams': ['client plain status 502', 'client plain status 503'],
    'pool-exhausted': ['client turned_away status 503'],
    // The head has not been sent when the first chunk is wrong.
    'invalid-chunk-size': ['client plain truncated'],
    // What was read before the RST is lost with it.
    'truncated-body-reset': ['client plain bytes'],
    // A 101 that nobody asked for is an answer like any other.
    'unexpected-switching-protocols': [
      'client plain status 502',
      'proxy lb error http_protocol_error',
      'log lb contains',
    ],
    // It reads the authority that CONNECT names as a bad target, before it looks at the method.
    'gateway-invalid-endpoint': ['client balancer status 405'],
    // 501, as RFC 9112 section 6.1 has it.
    'request-malformed-transfer-encoding': ['client through status 400', 'client listed status 400'],
  },

  either: {
    'conflicting-content-length': 'nginx 1.22 takes it, later ones do not',
    'content-length-and-chunked': 'nginx 1.22 takes it, later ones do not',
    'header-without-colon': 'nginx 1.22 takes it, later ones do not',
    'origin-restart': 'a process has to start again in time, and none of that is nginx’s',
  },
  reasons: OWN_WORDS,
}
