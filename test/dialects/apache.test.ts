/** Apache's dialect: its pages byte for byte, when it is silent, how it reads a response and passes it on, its log. */
import t from 'tap'
import { classify, type Ending, type Failure } from '../../src/core/failure.js'
import { apache } from '../../src/dialects/apache/index.js'
import type { Asked } from '../../src/dialects/dialect.js'
import type { LogContext, LogLine } from '../../src/dialects/log_line.js'

const asked: Asked = {
  hop: 'lb',
  method: 'GET',
  keepAlive: true,
  chunks: true,
  id: 'r1',
  date: 'Thu, 26 Nov 2026 10:14:14 GMT',
}
const books = { connected: true, secured: null, requestSent: true, responseBytes: 0, headComplete: false }
const reset: Ending = { by: 'error', code: 'ECONNRESET', message: '' }
const late: Ending = { by: 'timer', timer: 'read' }
const nobody = { nextHop: undefined }

const refused = classify({ ...books, connected: false }, { by: 'error', code: 'ECONNREFUSED', message: '' })
const lost = classify(books, reset)
const handshake = classify({ ...books, secured: false }, { by: 'error', code: 'CERT_HAS_EXPIRED', message: '' })

const said = (failure: Failure, to: Partial<Asked> = {}): string => {
  const { status, reason, fields, body } = apache.answer(failure, { ...asked, ...to }, nobody)
  return `${status} ${reason}|${fields.join('|')}|${body}`
}

t.test('pages', (t) => {
  t.equal(
    said(lost),
    '502 Proxy Error|Date|Thu, 26 Nov 2026 10:14:14 GMT|Server|Apache/2.4.71 (Debian)|Content-Length|381|' +
      'Content-Type|text/html; charset=iso-8859-1|<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" ' +
      '"http://www.w3.org/TR/html4/strict.dtd">\n<html><head>\n<title>502 Proxy Error</title>\n</head><body>\n' +
      '<h1>Proxy Error</h1>\n<p>The proxy server received an invalid\r\nresponse from an upstream server.<br />\r\n' +
      'The proxy server could not handle the request<p>Reason: <strong>Error reading from remote server</strong></p></p>\n' +
      '</body></html>\n',
  )
  t.match(said(refused), /^503 Service Unavailable\|.*Content-Length\|339\|Connection\|close\|Content-Type/)
  t.match(said(handshake), /^500 Proxy Error\|.*Content-Length\|313\|Connection\|close\|.*Error during SSL Handshake/s)
  t.match(
    said(refused, { method: 'HEAD' }),
    /Debian\)\|Connection\|close\|Content-Type\|text\/html; charset=iso-8859-1\|$/,
  )
  t.match(said(lost, { connection: 'keep-alive' }), '|Keep-Alive|timeout=5, max=100|Connection|Keep-Alive|')
  const chunk = classify(books, { by: 'parser', message: 'Invalid character in chunk size' })
  t.match(said(chunk), /\|Expires\|Thu, 26 Nov 2026 10:14:14 GMT\|Transfer-Encoding\|chunked\|Content-Type/)
  t.match(
    said({ ...chunk, said: 'behind 503' }),
    /Connection\|close\|Expires.*Additionally, a 503 Service Unavailable\n/s,
  )
  t.end()
})

t.test(
  'on a connection that has served a request it is silent where no status line comes, but of a timer it tells',
  (t) => {
    const silent = (failure: Failure, earlier: number) => apache.hangsUp!(failure, { ...asked, earlier })
    t.equal(silent(lost, 0), false)
    t.equal(silent(lost, 1), true)
    t.equal(silent(classify(books, late), 1), false)
    t.equal(silent(refused, 1), false)
    const begun = classify({ ...books, responseBytes: 9 }, { by: 'fin' })
    t.equal(silent({ ...begun, said: 'status line' }, 1), true)
    t.equal(silent({ ...begun, said: 'headers' }, 1), false)
    t.end()
  },
)

/** What it makes of bytes, short: the kind of each reading, with what matters of it. */
function read(bytes: string, method = 'GET'): string[] {
  return apache.reads!(method)
    .push(Buffer.from(bytes, 'latin1'))
    .map((one) => {
      if (one.is === 'head') return `${one.status} ${one.line} [${one.fields.join('|')}] ${one.framing.by}`
      if (one.is === 'data') return `data ${Buffer.from(one.bytes).toString('latin1')}`
      if (one.is === 'invalid') return `invalid ${one.seen}`
      return one.is === 'note' ? `note ${one.text}` : one.is
    })
}

t.test('how it reads', (t) => {
  const H = 'HTTP/1.1 200 OK\r\n'
  const table: [bytes: string, wanted: string[]][] = [
    [`${H}Content-Length: 2\r\n\r\nok`, ['200 200 OK [Content-Length|2] length', 'data ok', 'end']],
    ['\r\nHTTP/1.1 200\nA: 1\nContent-Length: 0\n\n', ['200 200 [A|1|Content-Length|0] length', 'end']],
    ['SSH-2.0-x \r\nabc', ['200 200 OK [] close', 'data SSH-2.0-xabc']],
    ['HTTP/1.1 abc\r\n', ['200 200 OK [] close', 'data HTTP/1.1 abc']],
    ['HTTP/2.0 200 OK\r\n', ['invalid HTTP/2.0 200 OK']],
    ['\x16\x03\0\r\n', ['invalid ']],
    [`${H}Nocolon\r\n\r\n`, ['invalid Nocolon']],
    [`${H}A: 1\r\n  more\r\nContent-Length: 0\r\n\r\n`, ['200 200 OK [A|1  more|Content-Length|0] length', 'end']],
    [`${H}A B: 1\r\n\r\n`, ['invalid A B:']],
    [`${H}A: x\x01\r\n\r\n`, ['invalid A:x\x01']],
    [`${H}Content-Length: +2\r\n\r\nok`, ['invalid Content-Length: +2']],
    [
      `${H}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`,
      ['200 200 OK [Content-Length|2] length', 'data ok', 'end'],
    ],
    [
      `${H}Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n`,
      ['200 200 OK [] chunks', 'data ok', 'data !', 'end'],
    ],
    [`${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, ['200 200 OK [Content-Length|0] length', 'end']],
    [`${H}Transfer-Encoding: chunked\r\n\r\nx\r\n`, ['invalid ']],
    [`${H}Transfer-Encoding: chunked\r\n\r\n1\r\na\nx`, ['200 200 OK [] chunks', 'data a', 'invalid ']],
    [
      `${H}Transfer-Encoding: gzip\r\n\r\nok`,
      ['note AH02555: Unknown Transfer-Encoding: gzip; using read-until-close', '200 200 OK [] close', 'data ok'],
    ],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n', ['204 204 No [] length', 'end']],
    [`HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n`, ['invalid Upgrade: x']],
    [`${H}Connection: close, A\r\nA: 1\r\nB: 2\r\nKeep-Alive: x\r\n\r\n`, ['200 200 OK [B|2] close']],
  ]
  for (const [bytes, wanted] of table) t.same(read(bytes), wanted, JSON.stringify(bytes))
  t.same(read(`${H}Content-Length: 9\r\n\r\n`, 'HEAD'), ['200 200 OK [Content-Length|9] length', 'end'])
  t.end()
})

t.test('the head that it passes on', (t) => {
  const passed = (status: number, line: string, fields: string[], to: Partial<Asked> = {}) =>
    apache.passed!({ status, line, fields }, { ...asked, ...to })
  const { text, chunked, last } = passed(404, '404 Gone Away', ['A', '1', 'Server', 'foo', 'Connection', 'x'])
  t.equal(
    text,
    'HTTP/1.1 404 Gone Away\r\nDate: Thu, 26 Nov 2026 10:14:14 GMT\r\nServer: foo\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  )
  t.same([chunked, last], [true, false])
  t.match(passed(200, '2000 OK', []).text, /^HTTP\/1\.1 200 OK\r\n/)
  t.match(passed(200, '200', []).text, /^HTTP\/1\.1 200 \r\n/)
  t.match(passed(503, '503 Busy', ['Content-Length', '2']).text, /Content-Length: 2\r\nConnection: close\r\n\r\n$/)
  t.match(passed(304, '304 NM', ['Content-Length', '2', 'ETag', 'a']).text, /Debian\)\r\nETag: a\r\n\r\n$/)
  t.match(passed(200, '200 OK', [], { chunks: false }), { chunked: false, last: true })
  t.match(passed(101, '101 S', ['Upgrade', 'x']).text, 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
  t.end()
})

const context: LogContext = {
  client: '127.0.0.1',
  clientPort: 9,
  server: 'lb',
  request: 'GET /a?b HTTP/1.1',
  upstream: 'http://127.0.0.1:81/a?b',
}

const logged = (failure: Failure, more: Partial<LogContext> = {}): string[] =>
  ([apache.errorLog!.failed!(failure, { ...context, ...more }) ?? []].flat() as LogLine[]).map(({ message }) => message)

t.test('its log', (t) => {
  t.same(logged(refused), [
    '[proxy:error] [pid 1:tid 1] (111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:81 (127.0.0.1:81) failed',
    '[proxy_http:error] [pid 1:tid 1] [client 127.0.0.1:9] AH01114: HTTP: failed to make connection to backend: 127.0.0.1',
  ])
  t.same(logged(lost), [
    '[proxy_http:error] [pid 1:tid 1] (104)Connection reset by peer: [client 127.0.0.1:9] AH01102: error reading status line from remote server 127.0.0.1:81',
    '[proxy:error] [pid 1:tid 1] [client 127.0.0.1:9] AH00898: Error reading from remote server returned by /a',
  ])
  t.equal(logged(lost, { earlier: 1 }).length, 1, 'silent')
  const over = { upstream: 'https://127.0.0.1:81/a', serverName: 'app' }
  t.match(
    logged(handshake, over)[0],
    /^\[ssl:info\] .*AH02276: Certificate Verification: Error \(10\): certificate has/,
  )
  const body = classify({ ...books, responseBytes: 9, headComplete: true }, { by: 'fin' })
  t.match(logged(body)[0], /\(70008\)Partial results are valid but processing is incomplete: .*AH01110: error reading/)
  const { excluded, noted } = apache.errorLog!
  t.match(excluded!({ ...context, excludedMs: 9500 }), { message: /AH00959: .*\(127\.0\.0\.1:81\) for 10s$/ })
  const by = (end: object) => ({
    ...context,
    excludedMs: 9000,
    excludedBy: { failure: undefined, status: undefined, ...end },
  })
  t.match(excluded!(by({ failure: refused })), { message: /AH00959: / })
  t.equal(excluded!(by({ failure: handshake })), undefined, 'of TLS it says nothing more')
  t.equal(
    excluded!(by({ status: 503 }))?.message,
    "[proxy_balancer:error] [pid 1:tid 1] [client 127.0.0.1:9] AH01174: balancer://lb: Forcing worker (http://127.0.0.1:81) into error state due to status code 503 matching 'failonstatus' balancer parameter",
  )
  t.match(noted!('info', 'AH02555: x', 'response_head', context), {
    message: /^\[http:info\] .*127\.0\.0\.1:81\] AH02555/,
  })
  t.end()
})

t.test('limits are whole seconds, and one for both ways', (t) => {
  const told = { connect: 1500, send: 9, read: 1500, reply: 1, client: 1 }
  t.same(apache.limits!(told), { ...told, read: 2000, send: 2000 })
  t.end()
})
