/** The dialects of products in clouds: statuses, marks and log entries as their documentation has them; the pages are ours. */
import { test } from 'tap'
import type { Failure } from '../../src/core/failure.js'
import { alb } from '../../src/dialects/alb.js'
import { cloudflare } from '../../src/dialects/cloudflare.js'
import type { AccessEntry, Asked, Dialect } from '../../src/dialects/dialect.js'
import { google } from '../../src/dialects/google.js'

const DATE = 'Wed, 25 Nov 2026 17:34:47 GMT'
const asked: Asked = { hop: 'lb', method: 'GET', keepAlive: true, chunks: true, id: 'r1', host: 'lb.test', date: DATE }
const failed = (more: Partial<Failure> = {}): Failure => ({
  type: 'connection_terminated',
  stage: 'response_head',
  manner: 'closed',
  details: 'what happened',
  ...more,
})

const refused = failed({ type: 'connection_refused', stage: 'connect', manner: 'refused' })
const unconnected = failed({ type: 'connection_timeout', stage: 'connect', manner: 'timeout' })
const stalledTls = failed({ type: 'connection_timeout', stage: 'tls', manner: 'timeout' })
const silent = failed({ type: 'connection_read_timeout', manner: 'timeout' })
const unroutable = failed({ type: 'destination_ip_unroutable', stage: 'connect', manner: 'unroutable' })
const expired = failed({ type: 'tls_certificate_error', stage: 'tls', manner: 'certificate' })
const alert = failed({ type: 'tls_alert_received', stage: 'tls', manner: 'alert', alert_id: 40 })
const late = failed({ type: 'tls_alert_received', manner: 'alert', alert_id: 116 })
const noName = failed({ type: 'dns_error', stage: 'dns', manner: 'unresolved', rcode: 'NXDOMAIN' })
const noServer = failed({ type: 'destination_unavailable', stage: 'select', manner: 'unavailable' })
const full = failed({ type: 'connection_limit_reached', stage: 'select', manner: 'unavailable' })
const garbage = failed({ type: 'http_protocol_error', manner: 'http' })
const large = failed({ type: 'http_response_header_section_size', manner: 'http' })
const broken = failed({ type: 'proxy_internal_error', manner: 'internal' })
const limited = failed({ type: 'http_request_denied', stage: 'select', manner: 'unavailable', status: 429 })

const answered = (dialect: Dialect, failure: Failure, to: Partial<Asked> = {}) =>
  dialect.answer(failure, { ...asked, ...to }, { nextHop: undefined })

test('a failure has the status that the product documents for it', async (t) => {
  const table: [failure: Failure, alb: number, google: number, cloudflare: number][] = [
    [failed(), 502, 502, 520],
    [failed({ manner: 'reset' }), 502, 502, 520],
    [refused, 502, 502, 521],
    [unconnected, 504, 502, 522],
    [stalledTls, 502, 502, 525],
    [silent, 504, 502, 524],
    [unroutable, 502, 502, 523],
    [expired, 502, 502, 526],
    [alert, 502, 502, 525],
    [late, 502, 502, 525],
    [noName, 503, 502, 530],
    [noServer, 503, 502, 521],
    [full, 503, 502, 503],
    [garbage, 502, 502, 520],
    [large, 502, 502, 520],
    [broken, 500, 500, 500],
    [limited, 429, 429, 429],
  ]
  for (const [failure, ...statuses] of table) {
    const said = [alb, google, cloudflare].map((dialect) => answered(dialect, failure).status)
    t.strictSame(said, statuses, `${failure.type} ${failure.stage}`)
  }
})

/** Names and values in turn, as an object. */
const headers = (fields: readonly string[]): Record<string, string> =>
  Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]!]] : [])))

test('answers carry the marks of the product', async (t) => {
  t.match(headers(answered(alb, refused).fields), { Server: 'awselb/2.0', Date: DATE, Connection: 'keep-alive' })
  t.match(headers(answered(google, refused).fields), { Via: '1.1 google', 'Referrer-Policy': 'no-referrer' })
  t.match(headers(answered(cloudflare, refused).fields), { Server: 'cloudflare', 'CF-RAY': /^[0-9a-f]{16}-[A-Z]{3}$/ })
  for (const dialect of [alb, google, cloudflare]) {
    const { body, fields } = answered(dialect, refused, { keepAlive: false })
    const { 'Content-Length': length, Connection: connection } = headers(fields)
    t.equal(Number(length), Buffer.byteLength(body))
    t.equal(connection, 'close')
    const head = answered(dialect, refused, { method: 'HEAD' })
    t.equal(head.body, '')
    t.equal(Number(headers(head.fields)['Content-Length']), body.length, 'HEAD tells the length of the page')
  }
  t.match(answered(cloudflare, noName).body, 'error code: 1016')
})

test('what is passed on is marked', async (t) => {
  const fields = ['Server', 'app', 'X-A', '1']
  t.equal(alb.marked, undefined, 'ALB leaves the Server of the target')
  t.strictSame(google.marked!(fields, asked), [...fields, 'Via', '1.1 google'])
  const { Server, 'CF-RAY': ray, 'X-A': own } = headers(cloudflare.marked!(fields, asked))
  t.strictSame([Server, own], ['cloudflare', '1'])
  t.equal(ray, headers(answered(cloudflare, refused).fields)['CF-RAY'], 'one request has one ray')
  t.not(ray, headers(cloudflare.marked!(fields, { ...asked, id: 'r2' }))['CF-RAY'])
})

test('requests that are refused', async (t) => {
  const refusal = (dialect: Dialect, status: number, details: string) =>
    dialect.refusal(status, failed({ type: 'http_request_error', details }), asked)?.status
  const table: [status: number, details: string, alb: number, google: number, cloudflare: number][] = [
    [400, 'Host is missing', 400, 400, 400],
    [400, 'transfer coding other than chunked', 501, 400, 400],
    [400, 'HTTP/2.0 is not spoken here', 505, 400, 400],
    [408, 'request timeout', 408, 408, 408],
    [431, 'request header fields too large', 400, 413, 400],
  ]
  for (const [status, details, ...expected] of table) {
    t.strictSame(
      [alb, google, cloudflare].map((dialect) => refusal(dialect, status, details)),
      expected,
      details,
    )
  }
  t.equal(headers(alb.refusal(400, failed(), asked)!.fields).Connection, 'close')
})

const entry = (more: Partial<AccessEntry> = {}): AccessEntry => ({
  client: '10.0.0.1',
  request: 'GET /a HTTP/1.1',
  userAgent: 'curl/8',
  status: 502,
  clientLeft: false,
  bodyBytes: 157,
  tries: [],
  date: DATE,
  ...more,
})
const trying = (failure: Failure) => ({ tries: [{ address: '10.0.0.2:80', failure, ms: 3 }] })
const passed = (status: number) => ({ status, tries: [{ address: '10.0.0.2:80', status, ms: 3 }] })

test('an entry of ALB’s access log: fields in their order', async (t) => {
  const start = 'http 2026-11-25T17:34:47.000000Z app/lb/0 10.0.0.1:0'
  const line = (more: Partial<AccessEntry>) => alb.access!(entry(more))!
  t.match(
    line(trying(failed())),
    `${start} 10.0.0.2:80 0.000 -1 -1 502 - 0 157 "GET http://10.0.0.2:80/a HTTP/1.1" "curl/8"`,
  )
  t.match(line(trying(refused)), `${start} 10.0.0.2:80 -1 -1 -1 502 - `)
  t.match(line(passed(502)), `${start} 10.0.0.2:80 0.000 0.003 0.000 502 502 `)
  t.match(line({ status: 503, tries: [{ address: 'lb', failure: noServer, ms: 0 }] }), `${start} - -1 -1 -1 503 - `)
  t.match(line({ status: undefined, clientLeft: true }), ' 460 - ')
  const fields = line({}).match(/"(?:[^"\\]|\\.)*"|\S+/g)!
  t.equal(fields.length, 29, 'up to classification_reason')
})

test('an entry of Google’s log tells why in statusDetails', async (t) => {
  const details = (more: Partial<AccessEntry>) => JSON.parse(google.access!(entry(more))!).jsonPayload.statusDetails
  const table: [Partial<AccessEntry>, string][] = [
    [trying(refused), 'failed_to_connect_to_backend'],
    [trying(stalledTls), 'failed_to_connect_to_backend'],
    [trying(failed()), 'backend_connection_closed_before_data_sent_to_client'],
    [trying(failed({ stage: 'response_body' })), 'backend_connection_closed_after_partial_response_sent'],
    [trying(silent), 'backend_timeout'],
    [trying(garbage), 'backend_response_corrupted'],
    [trying(large), 'backend_response_headers_too_long'],
    [trying(noServer), 'failed_to_pick_backend'],
    [trying(noName), 'invalid_external_origin_endpoint'],
    [trying(expired), 'ssl_certificate_chain_verification_failed'],
    [
      trying({ ...expired, certificate_error: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
      'ssl_certificate_san_verification_failed',
    ],
    [trying(limited), 'throttled_by_security_policy'],
    [passed(502), 'response_sent_by_backend'],
    [{ status: 400, failure: failed({ type: 'http_request_error', stage: 'select' }) }, 'invalid_request_headers'],
    [{ failure: noServer }, 'failed_to_pick_backend'],
    [{ status: undefined, clientLeft: true }, 'client_disconnected_before_any_response'],
    [{ ...passed(200), clientLeft: true }, 'client_disconnected_after_partial_response'],
  ]
  for (const [more, expected] of table) t.equal(details(more), expected)
  t.match(JSON.parse(google.access!(entry(trying(refused)))!), {
    httpRequest: { requestMethod: 'GET', requestUrl: '/a', status: 502, remoteIp: '10.0.0.1', serverIp: '10.0.0.2' },
    severity: 'WARNING',
    timestamp: '2026-11-25T17:34:47.000000Z',
  })
})

test('a line of Cloudflare’s log: the status at the edge, and the origin’s, which is 0 where nothing came', async (t) => {
  const line = (more: Partial<AccessEntry>) => JSON.parse(cloudflare.access!(entry(more))!)
  t.match(line({ status: 521, ...trying(refused) }), {
    EdgeResponseStatus: 521,
    OriginResponseStatus: 0,
    OriginIP: '10.0.0.2',
  })
  t.match(line(passed(502)), { EdgeResponseStatus: 502, OriginResponseStatus: 502, ClientRequestURI: '/a' })
  t.match(line({ status: undefined, clientLeft: true }), { EdgeResponseStatus: 499, OriginIP: '' })
})
