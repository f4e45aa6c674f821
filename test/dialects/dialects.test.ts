/**
 * A failure in the words of RFC 9209, of X-Proxy-Error and of nginx. nginx's lines were read off nginx 1.22.1 with
 * OpenSSL 3.0, doing to it what each row says.
 */

import { parseList, type Token } from 'structured-headers'
import { test } from 'tap'
import { type ErrorType, errorTypeNames, errorTypes } from '../../src/core/error_types.js'
import { type Failure, type Manner, noServer, overRate, type Stage } from '../../src/core/failure.js'
import type { LogContext } from '../../src/dialects/log_line.js'
import { clientLeftLine, errorLogLine, limitedLine } from '../../src/dialects/nginx/error_log.js'
import { type ProxyErrorWord, proxyErrorWord, proxyErrorWords } from '../../src/dialects/proxy_error.js'
import { appendProxyStatus, proxyStatusMember, statusOf } from '../../src/dialects/rfc9209.js'
import { tlsAlerts } from '../../src/dialects/tls_alerts.js'

const failed = (type: ErrorType, stage: Stage, manner: Manner, more: Partial<Failure> = {}): Failure => ({
  type,
  stage,
  manner,
  details: 'what happened',
  ...more,
})
const refused = failed('connection_refused', 'connect', 'refused', { details: 'connection refused' })
const alerted = (alert_id: number, stage: Stage = 'tls') =>
  failed('tls_alert_received', stage, 'alert', { alert_id, details: `TLS alert ${alert_id}` })
const invalidHead = (...fields: string[]) => failed('http_protocol_error', 'response_head', 'http', { fields })
const certificate = (certificate_error: string) =>
  failed('tls_certificate_error', 'tls', 'certificate', { certificate_error })

const unresolved = (rcode?: string) => failed('dns_error', 'dns', 'unresolved', rcode === undefined ? {} : { rcode })

test('RFC 9209: the recommended status', async (t) => {
  for (const type of errorTypeNames) {
    const open = { http_request_error: 400, proxy_internal_response: 500 }[type as string]
    t.equal(statusOf(failed(type, 'select', 'internal')), errorTypes[type].status ?? open, type)
  }
})

test('what the configuration says goes before what the RFC recommends', async (t) => {
  t.equal(statusOf(overRate(429)), 429)
  t.equal(statusOf(overRate(503)), 503)
  t.equal(proxyErrorWord(overRate(429)), 'client_request_refused')
})

test('RFC 9209: one member of Proxy-Status', async (t) => {
  const table: [member: string, expected: string][] = [
    [
      proxyStatusMember('lb', { failure: refused, nextHop: '127.0.0.1:8081' }),
      'lb;error=connection_refused;next-hop="127.0.0.1:8081";details="connection refused"',
    ],
    [
      proxyStatusMember('lb', { failure: refused, nextHop: 'app1:80' }),
      'lb;error=connection_refused;next-hop="app1:80";details="connection refused"',
    ],
    [
      proxyStatusMember('lb', { failure: refused, nextHop: 'app1' }),
      'lb;error=connection_refused;next-hop=app1;details="connection refused"',
    ],
    [proxyStatusMember('lb', { receivedStatus: 502 }), 'lb;received-status=502'],
    [
      proxyStatusMember('lb', { failure: alerted(116, 'response_head') }),
      'lb;error=tls_alert_received;alert-id=116;alert-message=certificate_required;details="TLS alert 116"',
    ],
    [
      proxyStatusMember('lb', { failure: alerted(40) }),
      'lb;error=tls_alert_received;alert-id=40;alert-message=handshake_failure;details="TLS alert 40"',
    ],
    [
      proxyStatusMember('lb', { failure: alerted(200) }),
      'lb;error=tls_alert_received;alert-id=200;details="TLS alert 200"',
    ],
    [
      proxyStatusMember('lb', { failure: unresolved('NXDOMAIN'), nextHop: 'app.test:80' }),
      'lb;error=dns_error;rcode="NXDOMAIN";next-hop="app.test:80";details="what happened"',
    ],
    [proxyStatusMember('lb', { failure: unresolved() }), 'lb;error=dns_error;details="what happened"'],
    [proxyStatusMember('edge proxy', {}), '"edge proxy"'],
    [proxyStatusMember('7eleven', {}), '"7eleven"'],
    [
      proxyStatusMember('lb', { failure: { ...refused, details: 'a "quoted" \\ café\n' } }),
      'lb;error=connection_refused;details="a \\"quoted\\" \\\\ caf??"',
    ],
  ]
  for (const [member, expected] of table) {
    t.equal(member, expected)
    t.doesNotThrow(() => parseList(member), member)
  }
})

test('RFC 9209: members stay in order, ours last', async (t) => {
  const ours = proxyStatusMember('edge', { receivedStatus: 502 })
  t.equal(appendProxyStatus(undefined, ours), ours)
  t.equal(appendProxyStatus('  ', ours), ours)
  const theirs = 'origin;error=connection_refused,  "lb, the first"'
  const field = appendProxyStatus(` ${theirs} `, ours)
  t.equal(field, `${theirs}, ${ours}`)
  t.strictSame(
    parseList(field).map(([name]) => String((name as Token) ?? '')),
    ['origin', 'lb, the first', 'edge'],
  )
  t.equal(appendProxyStatus('a; error="unfinished', ours), ours, 'what no recipient can read would hide ours too')
})

test('X-Proxy-Error: a closed list, every type has a word of it and every word is used', async (t) => {
  const ways: Manner[] = ['reset', 'closed', 'unroutable', 'unauthorized', 'overloaded', 'exhausted', 'paused', 'exit']
  const given = errorTypeNames.flatMap((type) =>
    ways.map((manner) => proxyErrorWord(failed(type, 'response_head', manner))),
  )
  t.strictSame([...new Set(given)].sort(), Object.keys(proxyErrorWords).sort())
  t.ok(Object.keys(proxyErrorWords).every((word) => /^(upstream|client|proxy|exit|target)(_[a-z]+)+$/.test(word)))
})

test('X-Proxy-Error tells an RST from a FIN, whatever the stage', async (t) => {
  const words: [Failure, ProxyErrorWord][] = [
    ...(['connect', 'tls', 'request', 'response_head'] as const).flatMap((stage): [Failure, ProxyErrorWord][] => [
      [failed('connection_terminated', stage, 'reset'), 'upstream_reset'],
      [failed('connection_terminated', stage, 'closed'), 'upstream_closed'],
    ]),
    [failed('connection_terminated', 'response_head', 'unroutable'), 'upstream_unroutable'],
    [failed('http_response_incomplete', 'response_body', 'reset'), 'upstream_incomplete_response'],
    [refused, 'upstream_refused'],
    [failed('destination_ip_unroutable', 'connect', 'unroutable'), 'upstream_unroutable'],
    [failed('connection_timeout', 'tls', 'timeout'), 'upstream_connect_timeout'],
    [failed('connection_timeout', 'select', 'timeout'), 'upstream_unavailable'],
    [failed('connection_read_timeout', 'response_head', 'timeout'), 'upstream_timeout'],
    [failed('connection_write_timeout', 'request', 'timeout'), 'upstream_send_timeout'],
    [failed('tls_protocol_error', 'tls', 'tls'), 'upstream_tls_error'],
    [alerted(40), 'upstream_tls_alert'],
    [certificate('CERT_HAS_EXPIRED'), 'upstream_certificate_error'],
    [failed('http_protocol_error', 'response_head', 'http'), 'upstream_invalid_response'],
    [failed('http_response_header_section_size', 'response_head', 'http'), 'upstream_response_too_large'],
    [failed('http_request_error', 'select', 'http'), 'client_request_refused'],
    [noServer('none'), 'upstream_unavailable'],
    [failed('proxy_internal_error', 'connect', 'internal'), 'proxy_internal_error'],
  ]
  for (const [failure, word] of words)
    t.equal(proxyErrorWord(failure), word, `${failure.type} ${failure.stage} ${failure.manner}`)
})

const context: LogContext = {
  client: '127.0.0.1',
  server: 'gw.test',
  request: 'GET /refused HTTP/1.1',
  upstream: 'http://127.0.0.1:41871/',
  host: 'gw.test',
}
const tls: LogContext = { ...context, upstream: 'https://127.0.0.1:443/', serverName: 'origin.test' }
const tail = (of: LogContext) =>
  `, client: 127.0.0.1, server: gw.test, request: "GET /refused HTTP/1.1", upstream: "${of.upstream}", host: "gw.test"`

const ended = (stage: Stage, manner: Manner) =>
  failed(stage === 'response_body' ? 'http_response_incomplete' : 'connection_terminated', stage, manner)
const timedOut = (stage: Stage) => failed('connection_read_timeout', stage, 'timeout')
const wrongVersion = (stage: Stage) =>
  failed('tls_protocol_error', stage, 'tls', { tls_error: 'error:0A00010B:SSL routines::wrong version number' })

const HEAD = 'while reading response header from upstream'
const BODY = 'while reading upstream'
const HANDSHAKE = 'while SSL handshaking to upstream'
const SENDING = 'while sending request to upstream'
const RESET = '(104: Connection reset by peer)'
const PREMATURE = 'upstream prematurely closed connection'
const TIMED_OUT = 'upstream timed out (110: Connection timed out)'

test('nginx: the error log over plain HTTP', async (t) => {
  const lines: [Failure, string][] = [
    [noServer('none'), 'no live upstreams while connecting to upstream'],
    [refused, 'connect() failed (111: Connection refused) while connecting to upstream'],
    [
      failed('destination_ip_unroutable', 'connect', 'unroutable'),
      'connect() to 127.0.0.1:41871 failed (101: Network is unreachable) while connecting to upstream',
    ],
    [failed('connection_timeout', 'connect', 'timeout'), `${TIMED_OUT} while connecting to upstream`],
    [ended('connect', 'reset'), `recv() failed ${RESET} while reading response header from upstream`],
    [ended('request', 'reset'), `writev() failed ${RESET} ${SENDING}`],
    [ended('request', 'closed'), `${PREMATURE} ${HEAD}`],
    [failed('connection_write_timeout', 'request', 'timeout'), `${TIMED_OUT} ${SENDING}`],
    [ended('response_head', 'reset'), `recv() failed ${RESET} ${HEAD}`],
    [ended('response_head', 'closed'), `${PREMATURE} ${HEAD}`],
    [failed('http_response_incomplete', 'response_head', 'reset'), `recv() failed ${RESET} ${HEAD}`],
    [failed('http_response_incomplete', 'response_head', 'closed'), `${PREMATURE} ${HEAD}`],
    [ended('response_head', 'unroutable'), `recv() failed (113: No route to host) ${HEAD}`],
    [timedOut('response_head'), `${TIMED_OUT} ${HEAD}`],
    [ended('response_body', 'reset'), `readv() failed ${RESET} ${BODY}`],
    [ended('response_body', 'closed'), `${PREMATURE} ${BODY}`],
    [timedOut('response_body'), `${TIMED_OUT} ${BODY}`],
    [failed('http_protocol_error', 'response_head', 'http'), `upstream sent no valid HTTP/1.0 header ${HEAD}`],
    [invalidHead('Bad '), `upstream sent invalid header: "Bad\\x20..." ${HEAD}`],
    [invalidHead('X-A: a\0'), `upstream sent invalid header: "X-A: a\\x00..." ${HEAD}`],
    [
      invalidHead('Content-Length: 5', 'content-length: 6'),
      `upstream sent duplicate header line: "content-length: 6", previous value: "Content-Length: 5" ${HEAD}`,
    ],
    [
      invalidHead('Content-Length: 5', 'Transfer-Encoding: chunked'),
      `upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time ${HEAD}`,
    ],
    [failed('http_response_header_section_size', 'response_head', 'http'), `upstream sent too big header ${HEAD}`],
    [
      failed('http_response_transfer_coding', 'response_body', 'http'),
      `upstream sent invalid chunked response ${BODY}`,
    ],
    [failed('http_response_trailer_section_size', 'response_body', 'http'), `upstream sent too big trailers ${BODY}`],
    [
      failed('proxy_internal_error', 'connect', 'internal'),
      'upstream failed: what happened while connecting to upstream',
    ],
  ]
  for (const [failure, said] of lines) {
    t.strictSame(errorLogLine(failure, context), { level: 'error', message: `${said}${tail(context)}` }, said)
  }
})

test('nginx: a name that does not resolve, in the words of its resolver, without an action or an address', async (t) => {
  const lines: [Failure, string][] = [
    [unresolved('FORMERR'), '1: Format error'],
    [unresolved('SERVFAIL'), '2: Server failure'],
    [unresolved('NXDOMAIN'), '3: Host not found'],
    [unresolved('NOERROR'), '3: Host not found'],
    [unresolved('NOTIMP'), '4: Unimplemented'],
    [unresolved('REFUSED'), '5: Operation refused'],
    [unresolved(), '2: Server failure'],
    [failed('dns_timeout', 'dns', 'timeout'), '110: Operation timed out'],
  ]
  const { client, server, request } = context
  const end = `, client: ${client}, server: ${server}, request: "${request}", host: "gw.test"`
  for (const [failure, said] of lines) {
    const message = `app.test could not be resolved (${said})${end}`
    t.strictSame(errorLogLine(failure, { ...context, name: 'app.test' }), { level: 'error', message })
  }
})

test('nginx: the error log over TLS', async (t) => {
  const failing = (call: string, error: string) => `${call}() failed (SSL: error:${error})`
  const lines: [Failure, string][] = [
    [failed('connection_timeout', 'tls', 'timeout'), `${TIMED_OUT} ${HANDSHAKE}`],
    [ended('tls', 'reset'), `peer closed connection in SSL handshake ${RESET} ${HANDSHAKE}`],
    [ended('tls', 'closed'), `peer closed connection in SSL handshake ${HANDSHAKE}`],
    [
      certificate('CERT_HAS_EXPIRED'),
      `upstream SSL certificate verify error: (10:certificate has expired) ${HANDSHAKE}`,
    ],
    [
      certificate('CERT_NOT_YET_VALID'),
      `upstream SSL certificate verify error: (9:certificate is not yet valid) ${HANDSHAKE}`,
    ],
    [
      certificate('DEPTH_ZERO_SELF_SIGNED_CERT'),
      `upstream SSL certificate verify error: (18:self-signed certificate) ${HANDSHAKE}`,
    ],
    [
      certificate('SELF_SIGNED_CERT_IN_CHAIN'),
      `upstream SSL certificate verify error: (19:self-signed certificate in certificate chain) ${HANDSHAKE}`,
    ],
    [
      certificate('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'),
      `upstream SSL certificate verify error: (20:unable to get local issuer certificate) ${HANDSHAKE}`,
    ],
    [
      certificate('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      `upstream SSL certificate verify error: (21:unable to verify the first certificate) ${HANDSHAKE}`,
    ],
    [
      certificate('NEW_CODE'),
      `upstream SSL certificate verify error: (1:unspecified certificate verification error) ${HANDSHAKE}`,
    ],
    [certificate('ERR_TLS_CERT_ALTNAME_INVALID'), `upstream SSL certificate does not match "origin.test" ${HANDSHAKE}`],
    [
      alerted(40),
      `${failing('SSL_do_handshake', '0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40')} ${HANDSHAKE}`,
    ],
    [
      alerted(70),
      `${failing('SSL_do_handshake', '0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70')} ${HANDSHAKE}`,
    ],
    [
      alerted(116, 'response_head'),
      `${failing('SSL_read', '0A00045C:SSL routines::tlsv13 alert certificate required:SSL alert number 116')} ${HEAD}`,
    ],
    [
      alerted(0),
      `${failing('SSL_do_handshake', '0A0003E8:SSL routines::reason(1000):SSL alert number 0')} ${HANDSHAKE}`,
    ],
    [wrongVersion('tls'), `${failing('SSL_do_handshake', '0A00010B:SSL routines::wrong version number')} ${HANDSHAKE}`],
    [wrongVersion('response_head'), `${failing('SSL_read', '0A00010B:SSL routines::wrong version number')} ${HEAD}`],
    [wrongVersion('request'), `${failing('SSL_read', '0A00010B:SSL routines::wrong version number')} ${HEAD}`],
    [failed('tls_protocol_error', 'tls', 'tls'), `SSL_do_handshake() failed ${HANDSHAKE}`],
    [ended('request', 'reset'), `${PREMATURE} ${HEAD}`],
    [ended('response_head', 'reset'), `${PREMATURE} ${HEAD}`],
    [ended('response_head', 'closed'), `${PREMATURE} ${HEAD}`],
    [ended('response_body', 'reset'), `${PREMATURE} ${BODY}`],
  ]
  for (const [failure, said] of lines) {
    t.strictSame(errorLogLine(failure, tls), { level: 'error', message: `${said}${tail(tls)}` }, said)
  }
})

test('nginx: a unix socket is told by its path, and a file that is missing is critical', async (t) => {
  const upstream = 'http://unix:/run/app.sock:/kept'
  const lines: [Failure, string, string][] = [
    [refused, 'error', 'connect() to unix:/run/app.sock failed (111: Connection refused)'],
    [{ ...refused, no_file: true }, 'crit', 'connect() to unix:/run/app.sock failed (2: No such file or directory)'],
  ]
  for (const [failure, level, said] of lines) {
    const line = errorLogLine(failure, { ...context, upstream })
    t.equal(line.level, level)
    t.match(line.message, `${said} while connecting to upstream, `)
    t.match(line.message, `upstream: "${upstream}"`)
  }
})

test('nginx: what is not known is left out', async (t) => {
  const { client, server, request } = context
  const line = errorLogLine(certificate('ERR_TLS_CERT_ALTNAME_INVALID'), { ...tls, serverName: undefined })
  t.match(line.message, 'does not match "127.0.0.1:443"')
  t.equal(
    errorLogLine(noServer('none'), { client, server, request }).message,
    'no live upstreams while connecting to upstream, client: 127.0.0.1, server: gw.test, request: "GET /refused HTTP/1.1"',
  )
})

test('nginx: a request beyond the rate limit', async (t) => {
  const at = { client: '127.0.0.1', server: 'lb', request: 'GET / HTTP/1.1', host: '127.0.0.1:18999' }
  t.strictSame(limitedLine(2.24, { ...at, upstream: 'http://lb/' }), {
    level: 'error',
    message:
      'limiting requests, excess: 2.240 by zone "lb", client: 127.0.0.1, server: lb, request: "GET / HTTP/1.1", host: "127.0.0.1:18999"',
  })
})

test('nginx: a client that left', async (t) => {
  const left = 'epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too'
  const lines: [ReturnType<typeof clientLeftLine>, string][] = [
    [clientLeftLine(context), `${SENDING}${tail(context)}`],
    [clientLeftLine(tls), `${HEAD}${tail(tls)}`],
    [clientLeftLine(tls, 'tls'), `${HANDSHAKE}${tail(tls)}`],
    [clientLeftLine(context, 'request'), `${SENDING}${tail(context)}`],
    [clientLeftLine(context, 'response_body'), `${BODY}${tail(context)}`],
  ]
  for (const [line, expected] of lines) t.strictSame(line, { level: 'info', message: `${left} ${expected}` })
})

test('the alerts of RFC 8446 have their names', async (t) => {
  const names = {
    42: 'bad_certificate',
    48: 'unknown_ca',
    70: 'protocol_version',
    80: 'internal_error',
    112: 'unrecognized_name',
  }
  for (const [id, name] of Object.entries(names)) t.equal(tlsAlerts[Number(id)]?.name, name)
  t.ok(
    Object.values(tlsAlerts).every(({ name }) => /^[a-z_]+$/.test(name)),
    'each is a token',
  )
})
