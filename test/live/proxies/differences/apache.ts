/** What Apache 2.4.71 makes of the catalogue, where it is not what the scenario expects. */
import { type Differences, OWN_WORDS } from './difference.js'

/** It says 503 where no connection could be made, whatever the reason. */
const UNCONNECTED = ['client plain status 50']
/** On a connection that has served a request it closes without a word where no status line comes. */
const SILENT = ['client plain status 502']
/** It says 502 where nothing came in time, as where nothing came at all. */
const LATE = ['client plain status 504']
/** It says 500 where TLS with the server failed, whatever the reason. */
const HANDSHAKE = ['client plain status 50']
/** What has no status line is HTTP/0.9, and passed on behind a head of 200. */
const OTHER_PROTOCOL = ['client plain status 502', 'proxy lb error http_protocol_error']

export const apache: Differences = {
  skipped: {
    'slow-body': 'timeouts.response of hop lb: Apache has no limit for the whole response',
    'slow-headers': 'timeouts.response of hop lb: Apache has no limit for the whole response',
  },

  different: {
    'connect-timeout': UNCONNECTED,
    'accept-queue-full': LATE,
    'host-unreachable': UNCONNECTED,
    'origin-refused': UNCONNECTED,
    'no-health-checks': UNCONNECTED,
    'origin-crash': UNCONNECTED,
    'origin-crash-mid-response': UNCONNECTED,
    'unix-socket-upstream-gone': UNCONNECTED,
    'wrong-port': ['client one status 502'],

    'close-on-accept': SILENT,
    'empty-response': SILENT,
    'garbage-response': SILENT,
    'plain-to-tls-port': SILENT,
    'reset-on-accept': SILENT,
    'keepalive-race': ['client post status 502'],
    'rate-limit-drop': ['client eager status 502'],
    'waf-missing-headers': ['client bare status 502', 'client half status 502'],
    'waf-repeated-paths': ['client poller status 502'],
    // The proxy in front meets that, and goes on to another server.
    'nested-502': [
      'fault rst fired',
      'client plain status 502',
      'client plain status 200',
      'proxy edge passed 502',
      'proxy edge tries',
      'log edge contains',
      'origin app requests',
    ],

    'response-timeout': LATE,
    'microservice-upstream': ['client plain status 504', 'proxy orders passed 504', 'proxy gateway passed 504'],
    'mtu-blackhole': ['client large status 504'],
    // Late, silent, and unconnected, one after the other.
    'heavy-query': ['client report status 504', 'client report status 502'],

    // Its smallest limit is a second: by then the server has answered.
    'timeout-mismatch': [
      'client plain status 504',
      'proxy lb error connection_read_timeout',
      'origin app wasted',
      'origin app answered',
    ],
    // It looks at the client when it has something to say to it.
    'client-gave-up': ['proxy lb client_left', 'origin app wasted'],

    'tls-cert-expired': HANDSHAKE,
    'tls-cert-missing-intermediate': HANDSHAKE,
    'tls-cert-not-yet-valid': HANDSHAKE,
    'tls-cert-untrusted': HANDSHAKE,
    'tls-cert-wrong-host': HANDSHAKE,
    'tls-cipher-mismatch': HANDSHAKE,
    'tls-client-cert-required': ['client to12 status 502'],
    'tls-close-on-hello': HANDSHAKE,
    'tls-handshake-stall': HANDSHAKE,
    'tls-reset-on-hello': HANDSHAKE,
    'tls-to-plain-port': HANDSHAKE,
    'tls-version-mismatch': HANDSHAKE,

    'malformed-status-line': OTHER_PROTOCOL,
    'wrong-protocol': OTHER_PROTOCOL,
    'waf-invalid-response': ['client spider status 502', 'proxy lb error http_protocol_error'],
    // A length beside chunks does not count.
    'content-length-and-chunked': ['client plain status 502', 'proxy lb error http_protocol_error'],
    // It finds that out by itself when it passes the head on.
    'invalid-header-name': ['client plain status 502'],
    // The head has not been sent when the first chunk is wrong: it says so with a page.
    'invalid-chunk-size': ['client plain truncated', 'client plain bytes', 'proxy lb cut', 'proxy lb status 200'],

    // Servers that are all in error state are all tried again.
    'no-live-upstreams': [
      'fault down1 fired',
      'fault down2 fired',
      'client plain status 502',
      'client plain status 503',
      'proxy lb error connection_refused',
      'proxy lb error destination_unavailable',
      'proxy lb tries',
    ],

    // CONNECT is a method like any other.
    'gateway-invalid-endpoint': ['client balancer status 405'],
    // One that ends with chunked is read, and then it is none that can be sent on.
    'request-malformed-transfer-encoding': ['client listed status 400'],
  },

  either: {
    'database-locked': 'the smallest limit of Apache is a second: what is late by then depends on the machine',
    'overload-collapse': 'the smallest limit of Apache is a second: what is late by then depends on the machine',
    'intermittent-connect':
      'a connection may be lost just when it is there: 502, where those that can’t be made are 503',
    'poison-request': 'it does not go on to another server: which ones the requests kill is for the balancer to say',
    'reset-before-response': 'whether a request is the first on its connection decides between 502 and a close',
    'conflicting-content-length': 'the first length counts; what is left of the body may spoil the next request or not',
    'origin-restart': 'a process has to start again in time, and none of that is Apache’s',
  },
  reasons: OWN_WORDS,
}
