/** What HAProxy 2.6.12 makes of the catalogue, where it is not what the scenario expects. */
import { type Differences, OWN_WORDS } from './difference.js'

/** A server that can't be connected to is 503, and its TLS handshake is part of the connect. */
const UNCONNECTED = ['client plain status 502']

/** The same where the time for it is over. */
const TIMED_OUT = ['client plain status 504']

/**
 * A request that is not the first on its connection, and whose server is lost before it has answered: HAProxy closes without
 * a word, for the client to try again, and logs nothing.
 */
const closed = (status: string, error: string): string[] => [status, `proxy ${error}`]

export const haproxy: Differences = {
  skipped: {
    'slow-body': 'timeouts.response of hop lb: HAProxy has no limit for the whole response',
    'slow-headers': 'timeouts.response of hop lb: HAProxy has no limit for the whole response',
  },
  different: {
    'origin-refused': UNCONNECTED,
    'host-unreachable': UNCONNECTED,
    'dns-stale-address': UNCONNECTED,
    'no-health-checks': UNCONNECTED,
    'unix-socket-upstream-gone': UNCONNECTED,
    'wrong-port': ['client one status 502'],
    'tls-cert-expired': UNCONNECTED,
    'tls-cert-missing-intermediate': UNCONNECTED,
    'tls-cert-not-yet-valid': UNCONNECTED,
    'tls-cert-untrusted': UNCONNECTED,
    'tls-cert-wrong-host': UNCONNECTED,
    'tls-cipher-mismatch': UNCONNECTED,
    'tls-client-cert-required': ['client to12 status 502'],
    'tls-close-on-hello': UNCONNECTED,
    'tls-reset-on-hello': UNCONNECTED,
    'tls-to-plain-port': UNCONNECTED,
    'tls-version-mismatch': UNCONNECTED,
    'connect-timeout': TIMED_OUT,
    'tls-handshake-stall': TIMED_OUT,
    'accept-queue-full': TIMED_OUT,

    'close-on-accept': closed('client plain status 502', 'lb error connection_terminated at response_head by closed'),
    'empty-response': closed('client plain status 502', 'lb error connection_terminated at response_head by closed'),
    'plain-to-tls-port': closed('client plain status 502', 'lb error connection_terminated at response_head by closed'),
    'keepalive-race': closed('client post status 502', 'orders error connection_terminated at response_head by closed'),
    'partial-headers-close': closed('client plain status 502', 'lb error http_response_incomplete at response_head'),
    'partial-headers-reset': closed('client plain status 502', 'lb error http_response_incomplete at response_head'),
    'reset-on-accept': closed('client plain status 502', 'lb error connection_terminated by reset'),
    'waf-missing-headers': [
      'client bare status 502',
      'client half status 502',
      'proxy lb error connection_terminated at response_head by reset',
    ],
    'waf-repeated-paths': closed(
      'client poller status 502',
      'lb error connection_terminated at response_head by reset',
    ),
    // And a proxy in front tries such a one again.
    'nested-502': [
      'fault rst fired',
      'client plain status 502',
      'client plain status 200',
      'proxy inner error connection_terminated at response_head by reset',
      'proxy edge passed 502',
      'proxy edge tries',
      'log edge contains',
      'origin app requests',
    ],

    // It asks for names in the background, as often as it likes, and a server without an address is down: 503 at once.
    'dns-nxdomain': ['fault gone fired', 'client plain status 502'],
    'dns-servfail': ['fault broken fired', 'client plain status 502'],
    'dns-timeout': ['fault silent fired', 'client plain status 504', 'client plain latency_p50_ms'],

    // Without health checks no failure takes a server out, and a backup is asked only when all others are out.
    'no-live-upstreams': [
      'fault down1 fired',
      'fault down2 fired',
      'client plain status 502',
      'client plain status 503',
      'proxy lb error destination_unavailable at select',
      'proxy lb tries',
    ],
    'backup-takes-over': [
      'fault down1 fired',
      'fault down2 fired',
      'client plain status 200',
      'origin spare requests',
      'proxy lb tries',
    ],
    // Requests beyond a server's limit wait, as long as a connect may take.
    'pool-exhausted': [
      'client turned_away status 200',
      'client turned_away status 503',
      'proxy lb error connection_limit_reached at select',
      'origin app requests',
    ],

    // Chunks and a length: the length goes.
    'content-length-and-chunked': ['client plain status 502', 'proxy lb error http_protocol_error'],
    // A NUL in a value passes.
    'invalid-header-value': ['client plain status 502', 'proxy lb error http_protocol_error'],
    // The first chunk is read with the head, before anything is passed on.
    'invalid-chunk-size': ['client plain truncated', 'client plain bytes', 'proxy lb cut', 'proxy lb status 200'],
    // It knows CONNECT, and passes it on.
    'gateway-invalid-endpoint': ['client balancer status 405'],
    // Only what is no chunked at all is refused; of a list, the last word counts.
    'request-malformed-transfer-encoding': ['client listed status 400'],
  },
  either: {
    'heavy-query': 'whether a request is the first on its connection decides between 502 and a close',
    'intermittent-connect': 'whether a request is the first on its connection decides between 503 and a close',
    'origin-crash': 'whether a request is the first on its connection decides between 502 and a close',
    'origin-crash-mid-response': 'whether a request is the first on its connection decides between 502 and a close',
    'origin-restart': 'whether a request is the first on its connection decides between 502 and a close',
    'reset-before-response': 'whether a request is the first on its connection decides between 502 and a close',
    'shallow-health-check': 'whether a request is the first on its connection decides between 502 and a close',
    'rate-limit-drop':
      'how many requests come within the second is a matter of moments, and which of them is the first',
    'poison-request': 'whether a request is the first on its connection decides between 502 and a close',
    'health-check-cascade': 'its checks begin before the load does, and what they say by then is a matter of moments',
  },
  reasons: OWN_WORDS,
}
