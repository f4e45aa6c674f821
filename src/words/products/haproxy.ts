/** HAProxy's words: the termination state of its HTTP log, its statuses, and what it logs of servers and of TLS. */

import type { Mishap } from '../mishaps.js'
import { type Parts, type Product, word } from '../product.js'

const CONNECT: readonly Mishap[] = [
  'refused',
  'unroutable',
  'tls_reset',
  'tls_closed',
  'tls_alert',
  'tls_garbled',
  'certificate',
  'no_server',
  'name_unknown',
  'name_failed',
  'name_timeout',
]
const ORIGIN_LOG = 'The log of the server at that second: a crash, a restart, a limit.'
const SERVER = 'The server of that line (<NOSRV>: none), the timers Tw/Tc/Tr, and "show servers state" at the socket.'
const CERTIFICATE =
  'openssl s_client -connect HOST:PORT -servername NAME -showcerts; verify, ca-file and verifyhost of the server line.'

/** The first two letters: who or what ended it, and where it was then. */
const state = (
  letters: string,
  mishaps: readonly Mishap[],
  says: string,
  next: string,
  causes: readonly string[] = [],
) =>
  word(`${letters}--`, mishaps, says, next, {
    pattern: new RegExp(`(?<![\\w/.-])${letters}(?:[-\\w]{2})?(?![\\w/.-])`),
    causes,
  })

export const haproxy: Product = {
  title: 'HAProxy',
  source: 'HAProxy 2.6.12 as it ran; configuration.txt section 8.5 and http_ana.c of 3.5-dev5',
  next: 'The HTTP log: the termination state (two letters) says who ended it and where.',
  statuses: {
    accepted: ['two_lengths', 'bad_header'],
    '200 cut': ['truncated', 'bad_chunk', 'slow_body'],
    '400': ['bad_request', 'client_left'],
    '403': ['denied'],
    '408': ['bad_request'],
    '429': ['over_rate'],
    none: ['client_left', 'closed'],
    '500': ['overloaded'],
    '502': [
      'closed',
      'reset',
      'partial_head',
      'not_http',
      'bad_header',
      'head_too_large',
      'two_lengths',
      'bad_coding',
      'switched',
    ],
    '503': [...CONNECT, 'connect_timeout', 'tls_timeout', 'queued', 'full', 'overloaded', 'no_route'],
    '504': ['silent', 'slow_head', 'unsent'],
  },
  takeApart,
  words: [
    state(
      'SH',
      ['closed', 'reset', 'partial_head', 'tls_alert'],
      'The server ended the connection before its head was complete: 502.',
      ORIGIN_LOG,
    ),
    state(
      'sH',
      ['silent', 'slow_head', 'unsent'],
      'timeout server struck before the head was complete: 504.',
      'How long the server takes for that path; timeout server.',
    ),
    state(
      'PH',
      ['not_http', 'bad_header', 'head_too_large', 'two_lengths', 'bad_coding', 'switched', 'bad_chunk'],
      'The proxy refuses the response: no valid HTTP, or a head over its buffer. 502.',
      '"show errors" at the socket has the bytes, and where it stopped reading.',
    ),
    state(
      'SC',
      CONNECT,
      'No connection to a server: refused, without a route, TLS failed, or no server left. 503, not 502.',
      SERVER,
    ),
    state(
      'sC',
      ['connect_timeout', 'tls_timeout'],
      'timeout connect struck; a TLS handshake is part of the connect. 503, not 504.',
      'A firewall between them; whether that port speaks TLS.',
    ),
    state(
      'sQ',
      ['queued', 'full'],
      'It waited in the queue for longer than timeout queue: 503.',
      'maxconn of the servers against their load; Tw.',
    ),
    state(
      'SQ',
      ['full', 'queued'],
      'The queue is full (maxqueue), and there is no other server: 503.',
      'maxconn and maxqueue.',
    ),
    state(
      'SD',
      ['truncated', 'two_lengths'],
      'The server ended the connection within the body. The status had been sent.',
      ORIGIN_LOG,
    ),
    state(
      'sD',
      ['slow_body'],
      'timeout server struck within the body. The status had been sent.',
      'timeout server (timeout tunnel for WebSockets).',
    ),
    state(
      'PD',
      ['bad_chunk', 'truncated'],
      'The proxy refuses the body: an invalid chunk. The status had been sent.',
      'The bytes of that response, with tcpdump.',
    ),
    state(
      'CD',
      ['client_left', 'truncated'],
      'The client left within the body.',
      'Whether clients give up, or a limit of theirs.',
    ),
    state('cD', ['client_left'], 'The client took nothing more for timeout client.', 'timeout client; slow clients.'),
    state(
      'CH',
      ['client_left'],
      'The client left while the server was being waited for (option abortonclose): 400, no 499 here.',
      "The client's timeout against timeout server.",
    ),
    state(
      'CC',
      ['client_left'],
      'The client left while a server was being connected to: status -1.',
      "The client's timeout against timeout connect.",
    ),
    state(
      'CQ',
      ['client_left', 'queued'],
      'The client left while it waited in the queue: status -1.',
      'Tw: how long they wait.',
    ),
    state(
      'CR',
      ['client_left'],
      'The client left before its request was complete: 400.',
      'Clients that abort, and plain probes of the port.',
    ),
    state(
      'cR',
      ['bad_request', 'client_left'],
      'The request was not complete within timeout http-request: 408.',
      'Slow clients; timeout http-request.',
      ['client-gave-up'],
    ),
    state(
      'PR',
      ['bad_request', 'denied', 'over_rate'],
      'The proxy refused the request: invalid, or a rule (http-request deny).',
      '"show errors" at the socket, and the rules.',
    ),
    state('PT', ['denied', 'over_rate'], 'The proxy held the request in the tarpit.', 'The rule http-request tarpit.'),
    state(
      'LR',
      ['denied', 'paused'],
      'Answered by the proxy itself (a redirect, return, stats).',
      'The rules of that frontend.',
      ['gateway-invalid-endpoint'],
    ),
    state(
      'RC',
      ['overloaded', 'full'],
      'The proxy is out of sockets, ports or memory: 503.',
      'maxconn, ulimit -n, source ports.',
    ),
    state('PC', ['overloaded', 'full'], 'The proxy could not connect: its own limit.', 'maxconn, ulimit -n.'),
    state('IC', ['overloaded'], 'An internal error while connecting: 500.', 'The log of that process; a bug report.'),
    state(
      'DC',
      ['no_server', 'refused'],
      'The session was killed: a health check took the server down.',
      'The "is DOWN, reason:" line of that server.',
    ),
    state(
      'DH',
      ['no_server', 'silent'],
      'The session was killed: a health check took the server down (on-marked-down shutdown-sessions).',
      'The "is DOWN, reason:" line of that server.',
    ),
    state(
      'DD',
      ['no_server', 'truncated'],
      'The session was killed within the body: a health check took the server down.',
      'The "is DOWN, reason:" line of that server.',
    ),
    word(
      '----',
      [
        'passed_502',
        'passed_503',
        'passed_500',
        'passed_504',
        'passed_4xx',
        'bad_header',
        'two_lengths',
        'certificate',
      ],
      'Nothing ended early: whatever the status is, the server said it, and what HAProxy let pass was fine with it.',
      'The log of the server: the answer is its own.',
      { pattern: /(?<![\w-])-{4}(?![\w-])/ },
    ),
    word(
      '<NOSRV>',
      ['no_server', 'full', 'queued', 'no_route', 'name_unknown', 'name_failed', 'name_timeout', 'bad_request'],
      'No server was chosen: none is up, none has room, or it never came to that.',
      'The health of the servers: "show servers state".',
      { pattern: /<NOSRV>/ },
    ),
    word(
      'Server …/… is DOWN, reason: …',
      ['no_server', 'excluded', 'refused'],
      'A health check (or observe) took the server out.',
      'The reason in that line: Layer4 is the connection, Layer6 TLS, Layer7 HTTP.',
      {
        pattern: /Server \S+ is DOWN, reason: .*|Health check for (?:backup )?server \S+ failed.*/,
        causes: ['health-check-cascade', 'no-live-upstreams'],
      },
    ),
    word(
      'backend … has no server available!',
      ['no_server'],
      'Every server of the backend is down: 503 for all.',
      'Why each went down: the lines before it.',
      { pattern: /(?:backend|proxy) \S+ has no server available/ },
    ),
    word(
      '… changed its IP from … to … by …',
      ['refused', 'connect_timeout'],
      'The name of a server leads to another address now; it is UP again once it resolves.',
      'Whether that address is the right one: dig NAME @RESOLVER.',
      {
        pattern: /changed its IP from .* by |\(resolves again\)|thanks to valid DNS answer/,
        causes: ['dns-stale-address', 'dns-nxdomain'],
        only: true,
      },
    ),
    word(
      'Connection closed during SSL handshake',
      ['tls_closed', 'tls_reset'],
      'The server closed the connection instead of answering the ClientHello.',
      ORIGIN_LOG,
    ),
    word(
      'Connection error during SSL handshake',
      ['tls_reset', 'tls_closed'],
      'The connection failed within the handshake, mostly an RST.',
      ORIGIN_LOG,
    ),
    word(
      'Timeout during SSL handshake',
      ['tls_timeout'],
      'The handshake was not done within timeout connect.',
      'Whether that port speaks TLS.',
    ),
    word(
      'SSL handshake failure',
      ['tls_alert', 'tls_garbled', 'certificate'],
      'TLS failed: an alert, a certificate, or no TLS at all.',
      CERTIFICATE,
    ),
    word(
      'Server presented an SSL certificate different from the expected one',
      ['certificate'],
      'The certificate is for another name (verifyhost, SNI).',
      CERTIFICATE,
      { causes: ['tls-cert-wrong-host'], only: true },
    ),
    word('No server is available to handle this request.', CONNECT, "HAProxy's page for a 503.", SERVER, {
      pattern: /No server is available to handle this request/,
    }),
    word(
      'The server returned an invalid or incomplete response.',
      ['closed', 'reset', 'partial_head', 'not_http', 'bad_header', 'head_too_large', 'two_lengths'],
      "HAProxy's page for a 502.",
      'The termination state: SH is the server, PH the proxy.',
      { pattern: /The server returned an invalid or incomplete response/ },
    ),
    word(
      "The server didn't respond in time.",
      ['silent', 'slow_head'],
      "HAProxy's page for a 504.",
      'timeout server.',
      { pattern: /The server didn't respond in time/ },
    ),
  ],
}

/** `option httplog`, with or without syslog's head: backend/server, timers, status, bytes, cookies, state. */
function takeApart(line: string): Parts | undefined {
  const found = /\S+\/(\S+) -?\d+(?:\/[+-]?\d+){4} (-?\d+) \+?\d+ \S+ \S+ ([\w-]{4}) \d+(?:\/\+?\d+){4} \d+\/\d+/.exec(
    line,
  )
  if (!found) return undefined
  const [, server, status, ended] = found
  return { status: status === '-1' ? undefined : status, words: [ended!, ...(server === '<NOSRV>' ? [server] : [])] }
}
