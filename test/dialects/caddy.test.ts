/**
 * The dialect of Caddy, word for word as Caddy 2.6.2 (Go 1.19) was seen to say it: how it reads a response, what it passes on,
 * what it answers and logs, and its log read back.
 */
import { test } from 'tap'
import { type Books, classify, type Ending, type Failure, noServer } from '../../src/core/failure.js'
import { caddy } from '../../src/dialects/caddy/index.js'
import { readFailure, tellsClientLeft } from '../../src/dialects/caddy/log_reading.js'
import type { Asked, Ended } from '../../src/dialects/dialect.js'
import type { Reading } from '../../src/dialects/reader.js'

const H = 'HTTP/1.1 200 OK\r\n'
const BROKEN = 'net/http: HTTP/1.x transport connection broken: '
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

function reading(text: string, method = 'GET', step = text.length) {
  const reader = caddy.reads!(method)
  const readings: Reading[] = []
  for (let at = 0; at < text.length; at += step) readings.push(...reader.push(bytes(text.slice(at, at + step))))
  return { readings, words: reader.words!() }
}

test('heads that Go does not take, in its words', async (t) => {
  const rows: [sent: string, words: string][] = [
    ['garbage\r\n', 'malformed HTTP response "garbage"'],
    ['\x15\x03\x01\x00\n', 'malformed HTTP response "\\x15\\x03\\x01\\x00"'],
    ['HTTP/1.1 abc OK\r\n', 'malformed HTTP status code "abc"'],
    ['HTTP/1.1 2000 OK\r\n', 'malformed HTTP status code "2000"'],
    ['HTTP/9 200 OK\r\n', 'malformed HTTP version "HTTP/9"'],
    [`${H}NoColon\r\n\r\n`, 'malformed MIME header: missing colon: "NoColon"'],
    [`${H} X: a\r\n\r\n`, 'malformed MIME header initial line:  X: a'],
    [
      `${H}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
      'http: message cannot contain multiple Content-Length headers; got ["5" "6"]',
    ],
    [`${H}Content-Length: abc\r\n\r\n`, 'bad Content-Length "abc"'],
    [`${H}Transfer-Encoding: foo\r\n\r\n`, 'unsupported transfer encoding: "foo"'],
    [
      `${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'too many transfer encodings: ["chunked" "chunked"]',
    ],
  ]
  for (const [sent, words] of rows) {
    const read = reading(sent)
    t.match(read.readings.at(-1), { is: 'invalid' }, words)
    t.equal(read.words, BROKEN + words)
  }
})

test('heads that break off are read as far as they came', async (t) => {
  const rows: [sent: string, words: string | undefined][] = [
    ['', undefined],
    ['HTTP', `${BROKEN}malformed HTTP response "HTTP"`],
    ['HTTP/1.1 20', `${BROKEN}malformed HTTP status code "20"`],
    ['HTTP/1.1 200', `${BROKEN}unexpected EOF`],
    [H, `${BROKEN}unexpected EOF`],
    [`${H}Content-Le`, `${BROKEN}malformed MIME header: missing colon: "Content-Le"`],
    [`${H}X: a`, `${BROKEN}unexpected EOF`],
    [`${H}X: a\r\n\r`, `${BROKEN}malformed MIME header: missing colon: "\\r"`],
  ]
  for (const [sent, words] of rows) {
    const read = reading(sent, 'GET', 3)
    t.same(read.readings, [], JSON.stringify(sent))
    t.equal(read.words, words)
  }
})

test('heads that Go takes, and how the body is framed', async (t) => {
  const rows: [sent: string, framing: string, fields?: string[], method?: string][] = [
    [`${H}\r\n`, 'close', []],
    ['HTTP/1.1 200 OK\nContent-Length: 2\n\n', '2', ['Content-Length', '2']],
    [`${H}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 'chunks', []],
    [`${H}Content-Length: 2\r\nContent-Length: 2\r\n\r\n`, '2', ['Content-Length', '2']],
    [`${H}X: a\r\n  b\r\nx-y:c \r\n\r\n`, 'close', ['X', 'a b', 'X-Y', 'c']],
    [`${H}Bad Name: x\r\nX: a\0b\r\n: v\r\n\r\n`, 'close', ['Bad Name', 'x', 'X', 'a\0b']],
    ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'close', []],
    [`${H}Content-Length: 7\r\n\r\n`, '0', ['Content-Length', '7'], 'HEAD'],
    ['HTTP/1.1 304 OK\r\nContent-Length: 7\r\n\r\n', '0'],
    [`${H}Pragma: no-cache\r\n\r\n`, 'close', ['Pragma', 'no-cache', 'Cache-Control', 'no-cache']],
    ['HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Made\r\n\r\n', 'close', []],
  ]
  for (const [sent, framing, fields, method] of rows) {
    for (const step of [1, sent.length]) {
      const [head] = reading(sent, method, step).readings
      if (head?.is !== 'head') return t.fail(JSON.stringify(sent))
      const { framing: told } = head
      t.equal(told.by === 'length' ? String(told.bytes) : told.by, framing, JSON.stringify(sent))
      if (fields) t.same(head.fields, fields)
    }
  }
})

test('chunks as Go undoes them', async (t) => {
  const rows: [sent: string, data: string, end: string | undefined][] = [
    ['3\r\nabc\r\n0\r\n\r\n', 'abc', 'end'],
    ['3;x\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\nmore', 'abcde', 'end'],
    ['3\r\nabcd\r\n', 'abc', 'malformed chunked encoding'],
    ['3\r\nabc\n', 'abc', undefined],
    ['zz\r\n', '', 'invalid byte in chunk length'],
    ['33333333333333333\r\n', '', 'http chunk length too large'],
    ['3\r\nabc\r\n0\r\nXy\r\n\r\n', 'abc', 'malformed MIME header: missing colon: "Xy"'],
    ['3\r\nab', 'ab', undefined],
    ['0\r\n\r', '', 'http: unexpected EOF reading trailer'],
    ['0\r\nX: y\r\n', '', 'http: suspiciously long trailer after chunked body'],
  ]
  for (const [sent, data, end] of rows) {
    const read = reading(`${H}Transfer-Encoding: chunked\r\n\r\n${sent}`, 'GET', end === 'end' ? 1 : undefined)
    const parts = read.readings.map((one) => (one.is === 'data' ? Buffer.from(one.bytes).toString('latin1') : ''))
    t.equal(parts.join(''), data, JSON.stringify(sent))
    t.equal(read.readings.at(-1)?.is === 'end' ? 'end' : read.words, end)
  }
})

test('a body ends with its length, and what follows spoils the connection', async (t) => {
  t.match(reading(`${H}Content-Length: 2\r\n\r\nokmore`).readings.slice(1), [
    { is: 'data' },
    { is: 'end', spoilt: true },
  ])
  t.match(reading(`${H}Content-Length: 0\r\n\r\n`).readings.slice(1), [{ is: 'end', spoilt: false }])
  const unasked = reading('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n').readings
  t.match(unasked, [
    { is: 'head', status: 200, fields: [] },
    { is: 'end', spoilt: true },
  ])
})

const to: Asked = { hop: 'lb', method: 'GET', keepAlive: true, chunks: true, id: 'r', date: 'now' }

function passed(sent: string, more: Partial<Asked> = {}, first?: string, ended?: Ended): string {
  const [head] = reading(sent, more.method).readings
  if (head?.is !== 'head') throw new Error('no head')
  const { status, line, fields } = head
  const said = caddy.passed!({ status, line, fields }, { ...to, ...more })
  return (said.late?.(first === undefined ? undefined : bytes(first), ended) ?? said).text
}

test('what an upstream said, passed on', async (t) => {
  const sent = `HTTP/1.1 299 My Words\r\nx-b: 1\r\nServer: mine\r\nDate: then\r\nA-c: 2\r\nX-b: 3\r\nConnection: close, x-d\r\nX-D: 4\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nok`
  const fields =
    'A-C: 2\r\nContent-Length: 2\r\nContent-Type: a/b\r\nDate: then\r\nServer: Caddy\r\nServer: mine\r\nX-B: 1\r\nX-B: 3\r\n'
  t.equal(passed(sent), `HTTP/1.1 299 status code 299\r\n${fields}\r\n`)
  const own = `${H}Server: Caddy\r\nDate: now\r\n`
  const text = 'Content-Type: text/plain; charset=utf-8\r\n'
  t.equal(passed(`${H}\r\n`, {}, 'hi'), `${own}${text}Transfer-Encoding: chunked\r\n\r\n`, 'looks at the body')
  t.match(passed(`${H}\r\n`, {}, '\0'), 'application/octet-stream')
  t.equal(passed(`${H}\r\n`, {}, undefined, 'failed'), `${own}Content-Length: 0\r\n\r\n`)
  t.equal(passed(`${H}\r\n`, {}, undefined, 'lost'), `${own}Transfer-Encoding: chunked\r\n\r\n`)
  t.equal(passed(`${H}\r\n`, { keepAlive: false, chunks: false }, 'hi'), `${own}${text}Connection: close\r\n\r\n`)
  t.equal(
    passed(`${H}Content-Length: 2\r\n\r\n`, { method: 'HEAD' }),
    `${H}Content-Length: 2\r\nServer: Caddy\r\nDate: now\r\n\r\n`,
  )
  t.equal(
    passed('HTTP/1.1 204 x\r\nContent-Length: 2\r\n\r\n'),
    'HTTP/1.1 204 No Content\r\nServer: Caddy\r\nDate: now\r\n\r\n',
  )
  t.equal(passed('HTTP/1.1 101 x\r\n\r\n'), `${own}Content-Length: 0\r\n\r\n`, 'a protocol that nobody asked for')
  const upgrade = ['Upgrade', 'websocket', 'Connection', 'Upgrade']
  t.match(
    caddy.passed!({ status: 101, line: '', fields: upgrade }, to).text,
    /Connection: Upgrade\r\nServer: Caddy\r\nUpgrade: websocket/,
  )
})

test('what it answers by itself', async (t) => {
  const refused = failure('connect', { by: 'error', code: 'ECONNREFUSED', message: '' })
  const fields = ['Server', 'Caddy', 'Date', 'now', 'Content-Length', '0']
  t.match(caddy.answer(refused, to, { nextHop: undefined }), { status: 502, reason: 'Bad Gateway', fields, body: '' })
  const closing = caddy.answer(refused, { ...to, method: 'HEAD', keepAlive: false }, { nextHop: undefined })
  t.same(closing.fields, ['Server', 'Caddy', 'Date', 'now', 'Connection', 'close'])
  const refusal = (status: number, details: string) => caddy.refusal(status, { ...refused, details }, to)
  t.equal(refusal(408, ''), undefined)
  t.match(refusal(400, 'Host is missing'), { reason: 'Bad Request: missing required Host header' })
  t.match(refusal(400, 'Host is invalid'), { reason: 'Bad Request: malformed Host header' })
  t.match(refusal(400, 'transfer coding other than chunked'), { status: 501, body: 'Unsupported transfer encoding' })
  t.match(refusal(400, 'HTTP/2.0 is not spoken here'), { status: 505 })
  t.match(refusal(431, ''), { body: '431 Request Header Fields Too Large' })
  t.match(refusal(417, ''), { status: 417, body: '' })
})

type Where = 'connect' | 'tls' | 'request' | 'head' | 'body'

function failure(where: Where, ending: Ending, more: Partial<Failure> = {}): Failure {
  const books: Books = {
    connected: where !== 'connect',
    secured: where === 'tls' ? false : null,
    requestSent: where === 'head' || where === 'body',
    responseBytes: where === 'body' ? 1 : 0,
    headComplete: where === 'body',
  }
  return { ...classify(books, ending), ...more }
}

const error = (code: string, message = ''): Ending => ({ by: 'error', code, message })
const timer = (timer: 'connect' | 'read' | 'send'): Ending => ({ by: 'timer', timer })

test('its words for a failure, the status of each, and the words read back', async (t) => {
  const rows: [failure: Failure, status: number, words: string | RegExp][] = [
    [noServer('no server may be tried'), 503, 'no upstreams available'],
    [failure('connect', error('ECONNREFUSED')), 502, 'dial tcp 127.0.0.1:81: connect: connection refused'],
    [failure('connect', timer('connect')), 502, 'dial tcp 127.0.0.1:81: i/o timeout'],
    [failure('connect', error('ENETUNREACH')), 502, 'dial tcp 127.0.0.1:81: connect: network is unreachable'],
    [failure('connect', { by: 'resolver', code: 'ENOTFOUND' }), 502, 'dial tcp: lookup app.internal: no such host'],
    [
      failure('connect', { by: 'resolver', code: 'ESERVFAIL' }),
      502,
      'dial tcp: lookup app.internal: server misbehaving',
    ],
    [failure('connect', { by: 'resolver', code: 'ETIMEOUT' }), 502, 'dial tcp: lookup app.internal: i/o timeout'],
    [failure('tls', timer('connect')), 504, 'net/http: TLS handshake timeout'],
    [failure('tls', error('EPROTO', 'alert number 40')), 502, 'remote error: tls: handshake failure'],
    [failure('tls', error('CERT_HAS_EXPIRED')), 502, /^x509: certificate has expired/],
    [failure('tls', error('ERR_TLS_CERT_ALTNAME_INVALID')), 502, /^x509: certificate is valid for .*, not app$/],
    [failure('tls', error('UNABLE_TO_VERIFY_LEAF_SIGNATURE')), 502, 'x509: certificate signed by unknown authority'],
    [failure('head', { by: 'fin' }), 502, 'EOF'],
    [failure('head', error('ECONNRESET')), 502, /^read tcp .*->127.0.0.1:81: read: connection reset by peer$/],
    [failure('head', timer('read')), 504, 'net/http: timeout awaiting response headers'],
    [failure('request', error('EPIPE')), 502, /^write tcp .*: write: /],
  ]
  for (const [failed, status, words] of rows) {
    const context = {
      client: '127.0.0.1',
      server: 'lb',
      request: 'GET /x HTTP/1.1',
      host: 'h',
      name: 'app.internal',
      serverName: 'app',
      upstream: 'http://127.0.0.1:81/x',
    }
    const [line, ...more] = caddy.errorLog!.ended!(failed, context)
    t.same(more, [])
    const { msg, ...said } = JSON.parse(line!.message)
    t.match(said, { level: 'error', logger: 'http.log.error', request: { method: 'GET', uri: '/x' }, status })
    t.match(msg, words)
    const back = readFailure(msg)
    const { type, stage, manner } = failed
    t.ok(
      [back?.failure, ...(back?.or ?? [])].some(
        (one) => one?.type === type && one.stage === stage && one.manner === manner,
      ),
      `${msg} may be ${type}`,
    )
  }
})

test('a body that broke off has two lines', async (t) => {
  const context = { client: '', server: '', request: 'GET / HTTP/1.1', upstream: 'http://127.0.0.1:81/' }
  const cut = caddy.errorLog!.ended!(failure('body', { by: 'fin' }), context).map(({ message }) => JSON.parse(message))
  t.match(cut, [
    { msg: 'reading from backend', error: 'unexpected EOF' },
    { msg: 'aborting with incomplete response', error: 'unexpected EOF' },
  ])
  const said = 'malformed chunked encoding'
  t.match(caddy.errorLog!.ended!(failure('body', { by: 'fin' }, { said }), context)[0]?.message, said)
  t.same(caddy.errorLog!.ended!({ ...failure('body', { by: 'fin' }), stage: 'tunnel' }, context), [])
  t.match(readFailure(said, { headComplete: true })?.failure, {
    type: 'http_response_transfer_coding',
    stage: 'response_body',
  })
  t.match(readFailure('unexpected EOF', { headComplete: true })?.failure, { type: 'http_response_incomplete' })
})

test('what a line may mean besides, and what is no failure', async (t) => {
  const cut = readFailure(`${BROKEN}malformed MIME header: missing colon: "Content-Le"`)
  t.equal(cut?.failure.type, 'http_protocol_error')
  t.ok(cut?.or.some(({ type, manner }) => type === 'http_response_incomplete' && manner === 'reset'))
  t.ok(readFailure('EOF', { secured: true })?.failure.stage === 'tls')
  t.notOk(readFailure('EOF', { secured: false })?.or.some(({ stage }) => stage === 'tls'))
  t.equal(readFailure('context canceled'), undefined)
  t.ok(tellsClientLeft('writing: write tcp 127.0.0.1:1->127.0.0.1:2: write: broken pipe'))
  t.equal(readFailure('something else'), undefined)
})
