/**
 * Envoy's dialect, row by row: what each way to fail is answered and logged with. Statuses, flags, details and bodies are
 * those of its source (router.cc, stream_info.h, http/utility.cc), its documentation, and logs of running ones.
 */
import { test } from 'tap'
import type { ErrorType } from '../../src/core/error_types.js'
import {
  type Failure,
  type Manner,
  noServer,
  overLimit,
  overRate,
  type Stage,
  waitedTooLong,
} from '../../src/core/failure.js'
import type { ResetReason } from '../../src/core/proxy/envoy/reset_reason.js'
import type { AccessEntry, Asked } from '../../src/dialects/dialect.js'
import { type FlagName, flagOfReset, responseFlags } from '../../src/dialects/envoy/flags.js'
import { envoy } from '../../src/dialects/envoy/index.js'
import { localReply } from '../../src/dialects/envoy/local_reply.js'

const DATE = 'Wed, 25 Nov 2026 17:34:47 GMT'
const asked: Asked = { hop: 'lb', method: 'GET', keepAlive: true, chunks: true, id: 'r1', host: 'lb.test', date: DATE }
const failed = (type: ErrorType, stage: Stage, manner: Manner, more: Partial<Failure> = {}): Failure => ({
  type,
  stage,
  manner,
  details: 'what happened',
  ...more,
})
const NOBODY = { nextHop: undefined }
const CONNECT_ERROR = 'upstream connect error or disconnect/reset before headers. '

/** A row: how it failed, and what Envoy makes of it; where the response was begun there is no body. */
type Row = [what: string, failure: Failure, status: number, flag: FlagName | '-', details: string, body: string]

const before = (reason: string) => `upstream_reset_before_response_started{${reason}}`
const resetBy = (reason: string) => `${CONNECT_ERROR}reset reason: ${reason}`
const unconnected = (why: string): [string, string] => [
  before(`remote_connection_failure,${why.replaceAll(' ', '_')}`),
  resetBy(`remote connection failure, transport failure reason: ${why}`),
]
const TERMINATED = [before('connection_termination'), resetBy('connection termination')] as const
const UNPARSABLE = [before('protocol_error'), resetBy('protocol error')] as const
const CONNECT_TIMEOUT = [before('connection_timeout'), resetBy('connection timeout')] as const
const tls = (code: number, name: string) =>
  unconnected(`TLS_error:|${code}:SSL routines:OPENSSL_internal:${name}:TLS_error_end`)
const UNVERIFIED = tls(268435581, 'CERTIFICATE_VERIFY_FAILED')
const alert = (id: number) => failed('tls_alert_received', 'tls', 'alert', { alert_id: id })
const certificate = (code: string) => failed('tls_certificate_error', 'tls', 'certificate', { certificate_error: code })
const wrongVersion = failed('tls_protocol_error', 'tls', 'tls', {
  tls_error: 'error:0A00010B:SSL routines::wrong version number',
})
const NO_HOST = ['no_healthy_upstream', 'no healthy upstream'] as const
const LATE = ['response_timeout', 'upstream request timeout'] as const

const rows: Row[] = [
  [
    'C01 refused',
    failed('connection_refused', 'connect', 'refused'),
    503,
    'UF',
    ...unconnected('delayed connect error: 111'),
  ],
  [
    'C01 no socket file',
    failed('connection_refused', 'connect', 'refused', { no_file: true }),
    503,
    'UF',
    ...unconnected('immediate connect error: 2'),
  ],
  ['C02 SYN dropped', failed('connection_timeout', 'connect', 'timeout'), 503, 'UF', ...CONNECT_TIMEOUT],
  [
    'C03 no route',
    failed('destination_ip_unroutable', 'connect', 'unroutable'),
    503,
    'UF',
    ...unconnected('immediate connect error: 101'),
  ],
  [
    'C03 host unreachable',
    failed('connection_terminated', 'connect', 'unroutable'),
    503,
    'UF',
    ...unconnected('delayed connect error: 113'),
  ],
  ['C04 NXDOMAIN', failed('dns_error', 'dns', 'unresolved', { rcode: 'NXDOMAIN' }), 503, 'UH', ...NO_HOST],
  ['C05 SERVFAIL', failed('dns_error', 'dns', 'unresolved', { rcode: 'SERVFAIL' }), 503, 'UH', ...NO_HOST],
  ['C06 DNS timeout', failed('dns_timeout', 'dns', 'timeout'), 503, 'UH', ...NO_HOST],
  ['C07 RST after accept', failed('connection_terminated', 'connect', 'reset'), 503, 'UC', ...TERMINATED],
  ['C07 RST after the request', failed('connection_terminated', 'response_head', 'reset'), 503, 'UC', ...TERMINATED],
  ['C07 RST while it is sent', failed('connection_terminated', 'request', 'reset'), 503, 'UC', ...TERMINATED],
  [
    'C08 FIN after ClientHello',
    failed('connection_terminated', 'tls', 'closed'),
    503,
    'UF',
    before('remote_connection_failure'),
    resetBy('remote connection failure'),
  ],
  ['C09 alert 40', alert(40), 503, 'UF', ...tls(268436496, 'SSLV3_ALERT_HANDSHAKE_FAILURE')],
  ['C09 alert 70', alert(70), 503, 'UF', ...tls(268436526, 'TLSV1_ALERT_PROTOCOL_VERSION')],
  ['C09 alert 112', alert(112), 503, 'UF', ...tls(268436568, 'TLSV1_ALERT_UNRECOGNIZED_NAME')],
  ['C09 alert 116', alert(116), 503, 'UF', ...tls(268436572, 'TLSV1_ALERT_CERTIFICATE_REQUIRED')],
  ['C10 TLS to a plain port', wrongVersion, 503, 'UF', ...tls(268435703, 'WRONG_VERSION_NUMBER')],
  ['C11 plain to a TLS port', failed('http_protocol_error', 'response_head', 'http'), 502, 'UPE', ...UNPARSABLE],
  ['C12 expired', certificate('CERT_HAS_EXPIRED'), 503, 'UF', ...UNVERIFIED],
  ['C13 wrong name', certificate('ERR_TLS_CERT_ALTNAME_INVALID'), 503, 'UF', ...UNVERIFIED],
  ['C14 self-signed', certificate('DEPTH_ZERO_SELF_SIGNED_CERT'), 503, 'UF', ...UNVERIFIED],
  ['C15 no intermediate', certificate('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 503, 'UF', ...UNVERIFIED],
  ['C16 handshake stalls', failed('connection_timeout', 'tls', 'timeout'), 503, 'UF', ...CONNECT_TIMEOUT],
  ['C17 FIN, no bytes', failed('connection_terminated', 'response_head', 'closed'), 503, 'UC', ...TERMINATED],
  ['C18 FIN in the head', failed('http_response_incomplete', 'response_head', 'closed'), 503, 'UC', ...TERMINATED],
  ['C18 RST in the head', failed('http_response_incomplete', 'response_head', 'reset'), 503, 'UC', ...TERMINATED],
  ['C20 status line', failed('http_protocol_error', 'response_head', 'http'), 502, 'UPE', ...UNPARSABLE],
  [
    'C21 field name',
    failed('http_protocol_error', 'response_head', 'http', { fields: ['Bad '] }),
    502,
    'UPE',
    ...UNPARSABLE,
  ],
  [
    'C22 head too large',
    failed('http_response_header_section_size', 'response_head', 'http'),
    502,
    'UPE',
    ...UNPARSABLE,
  ],
  [
    'C24 two lengths',
    failed('http_protocol_error', 'response_head', 'http', { fields: ['a', 'b'] }),
    502,
    'UPE',
    ...UNPARSABLE,
  ],
  ['C24b coding', failed('http_response_transfer_coding', 'response_head', 'http'), 502, 'UPE', ...UNPARSABLE],
  ['C26 101 unasked', failed('http_protocol_error', 'response_head', 'http'), 502, 'UPE', ...UNPARSABLE],
  ['C27 no bytes in time', failed('connection_read_timeout', 'response_head', 'timeout'), 504, 'UT', ...LATE],
  ['C27 the whole response', failed('http_response_timeout', 'response_head', 'timeout'), 504, 'UT', ...LATE],
  ['C27 the connect was part of it', failed('http_response_timeout', 'connect', 'timeout'), 504, 'UT', ...LATE],
  [
    'C27 one try',
    failed('http_response_timeout', 'response_head', 'timeout', { per_try: true }),
    504,
    'UT',
    'upstream_per_try_timeout',
    LATE[1],
  ],
  ['C31 no healthy host', noServer('none'), 503, 'UH', ...NO_HOST],
  ['C32 breaker', overLimit('full'), 503, 'UO', before('overflow'), resetBy('overflow')],
  ['C34 waited too long', waitedTooLong(), 504, 'UT', ...LATE],
  ['over the rate', overRate(429), 429, 'RL', 'local_rate_limited', 'local_rate_limited'],
  ['over the rate, as configured', overRate(503), 503, 'RL', 'local_rate_limited', 'local_rate_limited'],
  [
    'our own fault',
    failed('proxy_internal_error', 'connect', 'internal'),
    503,
    'LR',
    before('local_reset'),
    resetBy('local reset'),
  ],
]

test('every way to fail: status, flag, details, body and headers', async (t) => {
  for (const [what, failure, status, flag, details, body] of rows) {
    const reply = localReply(failure)
    t.strictSame([reply.status, reply.flag, reply.details, reply.body], [status, flag, details, body], what)
    const answer = envoy.answer(failure, asked, NOBODY)
    const overloaded = flag === 'UO' ? ['x-envoy-overloaded', 'true'] : []
    const about = ['content-length', String(body.length), 'content-type', 'text/plain', 'date', DATE, 'server', 'envoy']
    t.strictSame([answer.status, answer.fields, answer.body], [status, [...overloaded, ...about], body], what)
    t.match(line({ status, failure }), ` ${status} ${flag} ${details} 0 `, what)
    const known = responseFlags[flag as FlagName] as { status?: number }
    if (failure.status === undefined) t.equal(known.status, status, `${flag} goes with ${status}`)
  }
})

test('every reset reason has its flag, and the documentation its statuses', async (t) => {
  const flags: Record<ResetReason, FlagName> = {
    'local connection failure': 'UF',
    'remote connection failure': 'UF',
    'connection timeout': 'UF',
    'connection termination': 'UC',
    'local reset': 'LR',
    'local refused stream reset': 'LR',
    'remote reset': 'UR',
    'remote refused stream reset': 'UR',
    'remote error with CONNECT request': 'UR',
    overflow: 'UO',
    'protocol error': 'UPE',
    'overload manager reset': 'OM',
  }
  t.strictSame(flagOfReset, flags)
  const documented: Partial<Record<FlagName, number>> = {
    UH: 503,
    UF: 503,
    UO: 503,
    LH: 503,
    LR: 503,
    UR: 503,
    UC: 503,
    UT: 504,
    NR: 404,
    RL: 429,
    IH: 400,
    SI: 408,
    UPE: 502,
    NC: 503,
  }
  for (const [flag, status] of Object.entries(documented)) {
    t.equal((responseFlags[flag as FlagName] as { status?: number }).status, status, flag)
  }
  const all = 'UH UF UO NR URX NC DT DC LH UT LR UR UC DI FI RL UAEX RLSE IH SI DPE UPE UMSDR OM DF DO RFCF NFCF'
  t.strictSame(Object.keys(responseFlags).sort(), all.split(' ').sort())
  t.equal(new Set(Object.values(responseFlags).map(({ name }) => name)).size, Object.keys(responseFlags).length)
})

test('what the lengths of bodies are in the logs of running ones', async (t) => {
  const length = (failure: Failure) => envoy.answer(failure, asked, NOBODY).body.length
  t.equal(length(failed('http_response_timeout', 'response_head', 'timeout')), 24)
  t.equal(length(noServer('')), 19)
  t.equal(length(overLimit('')), 81)
  t.equal(length(failed('http_protocol_error', 'response_head', 'http')), 87)
  t.equal(length(failed('connection_terminated', 'response_head', 'closed')), 95)
})

test('after a retry the body says that it was the latest', async (t) => {
  const again = (failure: Failure) => envoy.answer(failure, asked, { nextHop: undefined, retried: true }).body
  t.equal(
    again(failed('connection_terminated', 'response_head', 'closed')),
    `${CONNECT_ERROR}retried and the latest reset reason: connection termination`,
  )
  t.equal(again(failed('connection_terminated', 'response_head', 'closed')).length, 118)
  t.equal(again(noServer('')), 'no healthy upstream')
  t.equal(again(failed('http_response_timeout', 'response_head', 'timeout')), 'upstream request timeout')
})

test('a response that was begun keeps its status, and only the log tells', async (t) => {
  const after = (reason: string) => `upstream_reset_after_response_started{${reason}}`
  const begun: [what: string, failure: Failure, flag: FlagName, details: string][] = [
    ['C19 FIN', failed('http_response_incomplete', 'response_body', 'closed'), 'UC', after('connection_termination')],
    ['C19 RST', failed('http_response_incomplete', 'response_body', 'reset'), 'UC', after('connection_termination')],
    ['C25 chunk', failed('http_response_transfer_coding', 'response_body', 'http'), 'UPE', after('protocol_error')],
    ['C28 trickle', failed('http_response_timeout', 'response_body', 'timeout'), 'UT', 'response_timeout'],
    ['idle', failed('connection_read_timeout', 'response_body', 'timeout'), 'SI', 'stream_idle_timeout'],
    ['idle tunnel', failed('connection_read_timeout', 'tunnel', 'timeout'), 'SI', 'stream_idle_timeout'],
  ]
  for (const [what, failure, flag, details] of begun) {
    t.match(line({ status: 200, failure, cut: true, headMs: 1 }), ` 200 ${flag} ${details} 0 5 7 1 `, what)
  }
})

test('what is not passed on is refused in the codec’s words', async (t) => {
  const refused = (details: string) => failed('http_request_error', 'select', 'http', { details })
  const table: [details: string, given: number, status: number, flag: string, said: string, body: string][] = [
    ['bad request: HPE_INVALID_METHOD', 400, 400, 'DPE', 'http1.codec_error', 'Bad Request'],
    ['more than one Host', 400, 400, 'DPE', 'http1.codec_error', 'Bad Request'],
    ['Host is missing', 400, 400, '-', 'missing_host_header', ''],
    ['transfer coding other than chunked', 400, 501, 'DPE', 'http1.invalid_transfer_encoding', 'Not Implemented'],
    [
      'request header fields too large: HPE_HEADER_OVERFLOW',
      431,
      431,
      'DPE',
      'http1.headers_too_large',
      'Request Header Fields Too Large',
    ],
    ['request timeout: ERR_HTTP_REQUEST_TIMEOUT', 408, 408, '-', 'request_overall_timeout', 'request timeout'],
    ['CONNECT is not spoken here', 405, 404, 'NR', 'route_not_found', ''],
    ['expectation other than 100-continue', 417, 417, 'DPE', 'http1.codec_error', 'Expectation Failed'],
  ]
  for (const [details, given, status, flag, said, body] of table) {
    const answer = envoy.refusal(given, refused(details), asked)!
    const length = ['content-length', String(body.length)]
    const end = ['date', DATE, 'server', 'envoy', 'connection', 'close']
    const fields = body === '' ? [...end, ...length] : [...length, 'content-type', 'text/plain', ...end]
    t.strictSame([answer.status, answer.body, answer.fields], [status, body, fields], details)
    t.match(line({ status, failure: refused(details) }), ` ${status} ${flag} ${said} `, details)
  }
})

test('HEAD gets no body, and a connection that ends is told so', async (t) => {
  const answer = envoy.answer(noServer(''), { ...asked, method: 'HEAD', keepAlive: false }, NOBODY)
  t.equal(answer.body, '')
  t.strictSame(answer.fields.slice(0, 2), ['content-length', '19'])
  t.strictSame(answer.fields.slice(-2), ['connection', 'close'])
  t.notOk(answer.fields.includes('proxy-status'), 'its Proxy-Status is off unless it is turned on')
})

const passed = (fields: string[], more: Partial<Asked> = {}, status = 200) =>
  envoy.passed!({ status, line: `${status} OK`, fields, ms: 3.9 }, { ...asked, ...more })

test('a response is passed on with names in lower case, and its marks', async (t) => {
  const head = passed(['Content-Type', 'text/plain', 'Content-Length', '5', 'X-App', 'A', 'Connection', 'keep-alive'])
  t.strictSame(head, {
    text: [
      'HTTP/1.1 200 OK',
      'content-type: text/plain',
      'content-length: 5',
      'x-app: A',
      'x-envoy-upstream-service-time: 3',
      `date: ${DATE}`,
      'server: envoy',
      '',
      '',
    ].join('\r\n'),
    chunked: false,
    last: false,
  })
})

test('date stays, server and the service time are replaced where they stand', async (t) => {
  const { text } = passed([
    'Server',
    'app/1',
    'X-Envoy-Upstream-Service-Time',
    '99',
    'Date',
    'then',
    'Content-Length',
    '0',
  ])
  t.equal(
    text,
    'HTTP/1.1 200 OK\r\nserver: envoy\r\nx-envoy-upstream-service-time: 3\r\ndate: then\r\ncontent-length: 0\r\n\r\n',
  )
})

test('the framing is Envoy’s own', async (t) => {
  const end = (head: { text: string }) => head.text.split('server: envoy\r\n')[1]
  const chunked = passed(['Transfer-Encoding', 'chunked'])
  t.strictSame([chunked.chunked, chunked.last, end(chunked)], [true, false, 'transfer-encoding: chunked\r\n\r\n'])
  const untold = passed([])
  t.strictSame([untold.chunked, end(untold)], [true, 'transfer-encoding: chunked\r\n\r\n'])
  const old = passed([], { chunks: false })
  t.strictSame([old.chunked, old.last, end(old)], [false, true, 'connection: close\r\n\r\n'])
  const head = passed(['Transfer-Encoding', 'chunked'], { method: 'HEAD' })
  t.strictSame([head.chunked, end(head)], [false, 'transfer-encoding: chunked\r\n\r\n'])
  const closing = passed(['Content-Length', '0'], { keepAlive: false })
  t.strictSame([closing.last, end(closing)], [true, 'connection: close\r\n\r\n'])
  const nothing = passed([], {}, 204)
  t.strictSame([nothing.chunked, end(nothing)], [false, '\r\n'])
  const switched = passed(['Upgrade', 'websocket', 'Connection', 'Upgrade'], {}, 101)
  t.equal(end(switched), 'connection: upgrade\r\nupgrade: websocket\r\n\r\n')
})

function line(more: Partial<AccessEntry>): string {
  return envoy.access!({
    client: '127.0.0.1',
    request: 'GET /x?y=1 HTTP/1.1',
    userAgent: 'curl/8.4.0',
    status: 200,
    clientLeft: false,
    bodyBytes: 15,
    payloadBytes: 5,
    tries: [{ address: '127.0.0.1:8080', ms: 1 }],
    date: DATE,
    id: 'r1',
    host: 'lb.test',
    startedAt: '2026-11-25T17:34:47.123Z',
    ms: 7.9,
    ...more,
  })!
}

test('the access log: the default format, with the details behind the flags', async (t) => {
  t.equal(
    line({ headMs: 6.2, receivedBytes: 11, forwardedFor: '10.0.0.1' }),
    '[2026-11-25T17:34:47.123Z] "GET /x?y=1 HTTP/1.1" 200 - via_upstream 11 5 7 6 "10.0.0.1" "curl/8.4.0" "r1" "lb.test" "127.0.0.1:8080"',
  )
  t.equal(
    line({ status: 503, failure: noServer(''), tries: [{ address: 'lb', ms: 0 }], userAgent: undefined, id: '' }),
    '[2026-11-25T17:34:47.123Z] "GET /x?y=1 HTTP/1.1" 503 UH no_healthy_upstream 0 5 7 - "-" "-" "-" "lb.test" "-"',
    'nobody was chosen',
  )
  t.match(line({ status: undefined, clientLeft: true }), ' 0 DC downstream_remote_disconnect 0 ', 'C43')
  t.match(line({ status: 200, clientLeft: true, headMs: 1 }), ' 200 DC downstream_remote_disconnect 0 ')
  t.match(line({ status: 503, headMs: 1 }), ' 503 - via_upstream ', 'C30: the upstream’s own')
  t.match(line({ status: 503, headMs: 1, denied: 'exhausted' }), ' 503 URX via_upstream ')
  t.match(line({ status: 503, headMs: 1, denied: 'refused' }), ' 503 UO via_upstream ')
  const refused = failed('connection_refused', 'connect', 'refused')
  t.match(line({ status: 503, failure: refused, denied: 'exhausted' }), ' 503 URX,UF upstream_reset_before')
  t.match(line({ request: '' }), '"- - HTTP/1.1" ', 'nothing of it could be read')
})
