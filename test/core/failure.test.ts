/** The 32 error types against the RFC's tally, and the classifier over every phase of the books and every ending. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type ErrorType, errorTypeNames, errorTypes, isErrorType } from '../../src/core/error_types.js'
import {
  type Books,
  classify,
  type Ending,
  type Failure,
  manners,
  noServer,
  type Stage,
  stages,
  type TimerName,
} from '../../src/core/failure.js'

const http: Books = { connected: false, secured: null, requestSent: false, responseBytes: 0, headComplete: false }
const https: Books = { ...http, secured: false }
/** The books of one exchange as it goes on, and the stage each phase is. */
const phases = {
  dialling: http,
  connected: { ...http, connected: true },
  sent: { ...http, connected: true, requestSent: true },
  inHead: { ...http, connected: true, requestSent: true, responseBytes: 9 },
  earlyHead: { ...http, connected: true, responseBytes: 9 },
  inBody: { ...http, connected: true, requestSent: true, responseBytes: 99, headComplete: true },
  earlyBody: { ...http, connected: true, responseBytes: 99, headComplete: true },
  asking: { ...http, connected: true, requestSent: true, responseBytes: 9, upgrade: true },
  inTunnel: { ...http, connected: true, requestSent: true, responseBytes: 99, headComplete: true, upgrade: true },
  tlsDialling: https,
  handshaking: { ...https, connected: true },
  secured: { ...https, connected: true, secured: true },
  tlsSent: { ...https, connected: true, secured: true, requestSent: true },
  tlsInBody: { ...https, connected: true, secured: true, requestSent: true, responseBytes: 99, headComplete: true },
  gatewayHandshaking: { ...https, connected: true, gateway: 'tls' },
  gatewayAsked: { ...https, connected: true, gateway: 'asking' },
  gatewayRefusing: { ...https, connected: true, gateway: 'asking', requestSent: true, responseBytes: 9 },
  gatewayRefused: { ...https, connected: true, gateway: 'asking', responseBytes: 99, headComplete: true },
} as const satisfies Record<string, Books>
type Phase = keyof typeof phases

const stageOf: Record<Phase, Stage> = {
  dialling: 'connect',
  connected: 'request',
  sent: 'response_head',
  inHead: 'response_head',
  earlyHead: 'response_head',
  inBody: 'response_body',
  earlyBody: 'response_body',
  asking: 'response_head',
  inTunnel: 'tunnel',
  tlsDialling: 'connect',
  handshaking: 'tls',
  secured: 'request',
  tlsSent: 'response_head',
  tlsInBody: 'response_body',
  gatewayHandshaking: 'tls',
  gatewayAsked: 'response_head',
  gatewayRefusing: 'response_head',
  gatewayRefused: 'response_body',
}

const fin: Ending = { by: 'fin' }
const timer = (timer: TimerName): Ending => ({ by: 'timer', timer })
const parser = (message: string, seen?: string): Ending => ({ by: 'parser', message, seen })
const error = (code: string, message = `read ${code}`): Ending => ({ by: 'error', code, message })
const openssl = (code: string, said: string, place = 'ssl3_read_bytes', file = 'rec_layer_s3.c:1601', number = '') =>
  error(code, `80FC:error:${said.replace('::', `:${place}:`)}:../deps/openssl/openssl/ssl/record/${file}:${number}`)
const alert = (id: number, code: string, prefix = '') =>
  error(
    code,
    `${prefix}80FC:error:0A000410:SSL routines:ssl3_read_bytes:some text:rec_layer_s3.c:1:SSL alert number ${id}\n`,
  )

/** As undici words what its parser finds. */
const undici = (reason: string, seen?: string) =>
  parser(`Response does not match the HTTP/1.1 protocol (${reason})`, seen)

type Row = [phase: Phase, ending: Ending, type: ErrorType, manner: Failure['manner'], more?: Partial<Failure>]

const rows: Row[] = [
  ['dialling', error('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'), 'connection_refused', 'refused'],
  ['dialling', error('ENOENT', 'connect ENOENT /run/app.sock'), 'connection_refused', 'refused', { no_file: true }],
  ['dialling', error('ENETUNREACH'), 'destination_ip_unroutable', 'unroutable'],
  ['tlsDialling', error('EHOSTUNREACH'), 'destination_ip_unroutable', 'unroutable'],
  ['dialling', timer('connect'), 'connection_timeout', 'timeout', { details: 'connect timed out' }],
  ['dialling', error('ETIMEDOUT'), 'connection_timeout', 'timeout', { details: 'connect timed out' }],
  ['dialling', error('ECONNRESET', 'connect ECONNRESET'), 'connection_terminated', 'reset'],
  ['dialling', error('EMFILE'), 'proxy_internal_error', 'internal', { details: 'unexpected error EMFILE' }],
  ['dialling', alert(40, 'EPROTO'), 'proxy_internal_error', 'internal'],

  ['handshaking', timer('connect'), 'connection_timeout', 'timeout', { details: 'TLS handshake timed out' }],
  ['handshaking', error('ETIMEDOUT'), 'connection_timeout', 'timeout', { details: 'TLS handshake timed out' }],
  ['handshaking', error('EHOSTUNREACH'), 'connection_terminated', 'unroutable'],
  ['handshaking', fin, 'connection_terminated', 'closed', { details: 'connection closed in the TLS handshake' }],
  [
    'handshaking',
    error('ECONNRESET'),
    'connection_terminated',
    'reset',
    { details: 'connection reset in the TLS handshake' },
  ],
  ['handshaking', alert(40, 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'), 'tls_alert_received', 'alert', { alert_id: 40 }],
  [
    'handshaking',
    alert(40, 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'),
    'tls_alert_received',
    'alert',
    { alert_id: 40 },
  ],
  ['handshaking', alert(70, 'EPROTO', 'write EPROTO '), 'tls_alert_received', 'alert', { alert_id: 70 }],
  ['handshaking', alert(42, 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'), 'tls_alert_received', 'alert', { alert_id: 42 }],
  [
    'tlsSent',
    alert(116, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
    'tls_alert_received',
    'alert',
    { alert_id: 116 },
  ],
  [
    'secured',
    alert(116, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
    'tls_alert_received',
    'alert',
    { alert_id: 116 },
  ],
  ['handshaking', error('EPROTO', 'write EPROTO'), 'tls_protocol_error', 'tls', { details: 'TLS failed: EPROTO' }],
  [
    'tlsSent',
    openssl('ERR_SSL_WRONG_VERSION_NUMBER', '0A00010B:SSL routines::wrong version number'),
    'tls_protocol_error',
    'tls',
  ],
  ['tlsInBody', error('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'), 'tls_protocol_error', 'tls'],
  ['handshaking', error('EMFILE'), 'proxy_internal_error', 'internal'],

  ['connected', error('EPIPE'), 'connection_terminated', 'reset'],
  ['connected', fin, 'connection_terminated', 'closed'],
  ['connected', timer('send'), 'connection_write_timeout', 'timeout'],
  ['connected', error('ETIMEDOUT'), 'connection_write_timeout', 'timeout'],
  ['earlyBody', timer('send'), 'connection_write_timeout', 'timeout'],
  ['sent', fin, 'connection_terminated', 'closed', { details: 'connection closed before any byte of a response' }],
  [
    'sent',
    error('ECONNRESET'),
    'connection_terminated',
    'reset',
    { details: 'connection reset before any byte of a response' },
  ],
  ['tlsSent', error('ECONNRESET'), 'connection_terminated', 'reset'],
  [
    'sent',
    error('EHOSTUNREACH'),
    'connection_terminated',
    'unroutable',
    { details: 'route lost before any byte of a response' },
  ],
  ['sent', timer('read'), 'connection_read_timeout', 'timeout', { details: 'reading the response head timed out' }],
  ['sent', error('ETIMEDOUT'), 'connection_read_timeout', 'timeout'],
  ['inHead', fin, 'http_response_incomplete', 'closed', { details: 'connection closed within the response head' }],
  [
    'earlyHead',
    error('ECONNRESET'),
    'http_response_incomplete',
    'reset',
    { details: 'connection reset within the response head' },
  ],
  ['inHead', timer('read'), 'connection_read_timeout', 'timeout'],
  ['inBody', fin, 'http_response_incomplete', 'closed', { details: 'connection closed within the response body' }],
  [
    'tlsInBody',
    error('ECONNRESET'),
    'http_response_incomplete',
    'reset',
    { details: 'connection reset within the response body' },
  ],
  ['inBody', error('EHOSTUNREACH'), 'http_response_incomplete', 'unroutable'],
  ['inBody', timer('read'), 'connection_read_timeout', 'timeout', { details: 'reading the response body timed out' }],
  ['sent', timer('response'), 'http_response_timeout', 'timeout', { details: 'the whole response took too long' }],
  ['inHead', timer('response'), 'http_response_timeout', 'timeout'],
  ['inBody', timer('response'), 'http_response_timeout', 'timeout'],
  ['inBody', error('AssertionError'), 'proxy_internal_error', 'internal'],

  ['inHead', parser('Headers Overflow Error'), 'http_response_header_section_size', 'http'],
  ['inHead', parser('Parse Error: Header overflow'), 'http_response_header_section_size', 'http'],
  ['inBody', parser('Headers Overflow Error'), 'http_response_trailer_section_size', 'http'],
  ['inBody', undici('Invalid character in chunk size'), 'http_response_transfer_coding', 'http'],
  ['inHead', parser('Parse Error: Invalid character in chunk size'), 'http_response_transfer_coding', 'http'],
  ['inBody', undici('Expected LF after chunk data'), 'http_response_transfer_coding', 'http'],
  ['inBody', undici('Invalid character in chunk extensions name'), 'http_response_transfer_coding', 'http'],
  ['inBody', parser('Invalid chunk size'), 'http_response_transfer_coding', 'http'],
  ['inBody', undici('Invalid header token'), 'http_protocol_error', 'http'],
  ['inBody', parser('Response body length does not match content-length header'), 'http_protocol_error', 'http'],
  ['inHead', undici("Content-Length can't be present with Transfer-Encoding"), 'http_protocol_error', 'http'],
  ['inHead', undici("Content-Length can't be present with chunked encoding"), 'http_protocol_error', 'http'],
  ['inHead', undici('Expected HTTP/, RTSP/ or ICE/'), 'http_protocol_error', 'http'],
  ['inHead', undici('Invalid status code'), 'http_protocol_error', 'http'],
  [
    'inHead',
    undici('Invalid header token', 'HTTP/1.1 200 OK\r\nA: b\r\nBad '),
    'http_protocol_error',
    'http',
    { details: 'a header field of the response is invalid', fields: ['Bad '] },
  ],
  [
    'inHead',
    undici('Invalid header token', 'HTTP/1.1 200 OK\r\nA: b\r\n\n'),
    'http_protocol_error',
    'http',
    { fields: ['\n'] },
  ],
  [
    'inHead',
    parser(
      'Response body length does not match content-length header',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nA: b\r\nContent-Length: 3\r\n\r\nok',
    ),
    'http_protocol_error',
    'http',
    {
      details: 'the length of the response is told in two ways',
      fields: ['content-length: 2', 'Content-Length: 3'],
    },
  ],
  [
    'inHead',
    undici(
      "Content-Length can't be present with Transfer-Encoding",
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: ',
    ),
    'http_protocol_error',
    'http',
    { fields: ['Transfer-Encoding: chunked', 'Content-Length: '] },
  ],
  ['inHead', parser('bad upgrade'), 'http_protocol_error', 'http', { details: 'switched protocols unasked' }],
  ['asking', parser('bad upgrade'), 'http_upgrade_failed', 'http'],
  ['asking', fin, 'http_response_incomplete', 'closed'],
  ['inHead', parser('unknown transfer coding'), 'http_response_transfer_coding', 'http'],
  ['inTunnel', fin, 'connection_terminated', 'closed', { details: 'connection closed within the tunnel' }],
  ['inTunnel', error('ECONNRESET'), 'connection_terminated', 'reset'],
  ['inTunnel', timer('read'), 'connection_read_timeout', 'timeout', { details: 'waiting in the tunnel timed out' }],
]

/** Node's codes for a certificate that is not accepted; UNSPECIFIED is a key too weak, for one. */
const certificateCodes = [
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'HOSTNAME_MISMATCH',
  'UNSPECIFIED',
]

test('a name that does not resolve: the answer of the name server decides, whatever the books', async (t) => {
  const codes: [code: string, rcode: string | undefined][] = [
    ['ENOTFOUND', 'NXDOMAIN'],
    ['ESERVFAIL', 'SERVFAIL'],
    ['EREFUSED', 'REFUSED'],
    ['ENODATA', 'NOERROR'],
    ['EFORMERR', 'FORMERR'],
    ['ENOTIMP', 'NOTIMP'],
    ['EBADRESP', undefined],
  ]
  for (const books of Object.values(phases)) {
    for (const [code, rcode] of codes) {
      const failure = classify(books, { by: 'resolver', code })
      t.match(failure, { type: 'dns_error', stage: 'dns', manner: 'unresolved' }, code)
      t.equal(failure.rcode, rcode)
    }
    t.match(classify(books, { by: 'resolver', code: 'ETIMEOUT' }), {
      type: 'dns_timeout',
      stage: 'dns',
      manner: 'timeout',
    })
  }
})

test('the error types are those of RFC 9209', async (t) => {
  const tally: Record<string, number> = {}
  for (const name of errorTypeNames)
    tally[`${errorTypes[name].status}`] = (tally[`${errorTypes[name].status}`] ?? 0) + 1
  t.equal(errorTypeNames.length, 32)
  t.strictSame(tally, { 502: 19, 503: 2, 504: 5, 500: 3, 403: 1, null: 2 })
  t.ok(errorTypeNames.every((name) => isErrorType(name) && errorTypes[name].summary !== ''))
  t.notOk(isErrorType('read_timeout'), 'an example of the RFC that is not in its registry')
  t.notOk(isErrorType('toString'))
})

test('classify', async (t) => {
  for (const [phase, ending, type, manner, more] of rows) {
    const failure = classify(phases[phase], ending)
    t.match(failure, { type, stage: stageOf[phase], manner, ...more }, `${phase}: ${JSON.stringify(ending)}`)
  }
  for (const code of certificateCodes) {
    const failure = classify(phases.handshaking, error(code))
    const wanted = { type: 'tls_certificate_error', stage: 'tls', manner: 'certificate', certificate_error: code }
    t.match(failure, wanted, code)
  }
  const alerted = classify(phases.handshaking, alert(42, 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'))
  t.notOk('certificate_error' in alerted, 'their complaint about our certificate is not ours about theirs')
})

test('the same TLS failure reads the same, met by a read or a write, on any OpenSSL', async (t) => {
  const said = '0A00010B:SSL routines::wrong version number'
  const wanted = {
    type: 'tls_protocol_error',
    stage: 'tls',
    manner: 'tls',
    details: 'TLS failed: wrong version number',
    tls_error: 'error:0A00010B:SSL routines::wrong version number',
  }
  t.strictSame(classify(phases.handshaking, openssl('ERR_SSL_WRONG_VERSION_NUMBER', said, 'ssl3_get_record')), wanted)
  t.strictSame(
    classify(phases.handshaking, openssl('EPROTO', said, 'tls_validate_record_header', 'tlsany_meth.c:77')),
    wanted,
  )
})

test('no server to try', async (t) => {
  t.match(noServer('none is up'), {
    type: 'destination_unavailable',
    stage: 'select',
    manner: 'unavailable',
    details: 'none is up',
  })
})

const afterConnect: Stage[] = ['tls', 'request', 'response_head', 'response_body', 'tunnel']
/** Where each type that the classifier gives can happen. */
const legal: Partial<Record<ErrorType, Stage[]>> = {
  connection_refused: ['connect'],
  destination_ip_unroutable: ['connect'],
  connection_timeout: ['connect', 'tls'],
  connection_terminated: ['connect', 'tls', 'request', 'response_head', 'tunnel'],
  connection_read_timeout: ['request', 'response_head', 'response_body', 'tunnel'],
  connection_write_timeout: ['request', 'response_head', 'response_body', 'tunnel'],
  http_response_timeout: ['request', 'response_head', 'response_body', 'tunnel'],
  tls_certificate_error: ['tls'],
  tls_alert_received: afterConnect,
  tls_protocol_error: afterConnect,
  http_response_incomplete: ['response_head', 'response_body'],
  http_response_header_section_size: ['response_head'],
  http_response_trailer_section_size: ['response_body'],
  http_response_transfer_coding: ['response_head', 'response_body'],
  http_protocol_error: ['response_head', 'response_body'],
  proxy_internal_error: ['connect', ...afterConnect],
}

const seenRows = rows.map(([, ending]) => ending).filter(({ by }) => by !== 'parser')
const anyEnding: fc.Arbitrary<Ending> = fc.oneof(
  fc.constantFrom(...seenRows, timer('connect'), timer('read'), timer('send'), timer('response')),
  fc.constantFrom(...certificateCodes).map((code) => error(code)),
  fc.record({ by: fc.constant('error' as const), code: fc.string(), message: fc.string() }),
)
const anyPhase = fc.constantFrom(...(Object.keys(phases) as Phase[]))
const parsing = fc.constantFrom<Phase>('inHead', 'earlyHead', 'inBody', 'earlyBody', 'tlsInBody')
const parserSaid = fc
  .oneof(fc.string(), fc.constantFrom('Headers Overflow Error', 'Invalid chunk size'))
  .map((said) => parser(said))

test('whatever ends an exchange, the failure fits the books and its type fits the stage', async () => {
  const fits = (phase: Phase, ending: Ending) => {
    const failure = classify(phases[phase], ending)
    assert.equal(failure.stage, stageOf[phase])
    assert.ok(legal[failure.type]?.includes(failure.stage), `${failure.type} in ${failure.stage}`)
    assert.ok(stages.includes(failure.stage) && manners.includes(failure.manner) && failure.details !== '')
    const partly = failure.stage === 'response_body' && failure.type !== 'proxy_internal_error'
    assert.ok(!partly || !errorTypes[failure.type].onlyByProxy, `${failure.type} is never about a partial response`)
  }
  fc.assert(fc.property(anyPhase, anyEnding, fits), { numRuns: 1000 })
  fc.assert(fc.property(parsing, parserSaid, fits))
})
