/**
 * nginx's dialect: how it reads a response, and its pages, heads and lines of the access log. All of it was read off
 * nginx 1.22.1; test/alone/answers_nginx.ts asks it anew.
 */
import fc from 'fast-check'
import { test } from 'tap'
import type { Failure } from '../../src/core/failure.js'
import type { AccessEntry, Asked } from '../../src/dialects/dialect.js'
import { accessLine } from '../../src/dialects/nginx/access_log.js'
import { refusedLine } from '../../src/dialects/nginx/error_log.js'
import { readHead } from '../../src/dialects/nginx/head.js'
import { nginx } from '../../src/dialects/nginx/index.js'
import { HTTP_09, nginxReader } from '../../src/dialects/nginx/reader.js'
import { statusOf } from '../../src/dialects/nginx/status.js'
import type { Reading } from '../../src/dialects/reader.js'

const DATE = 'Wed, 25 Nov 2026 17:34:47 GMT'
const asked: Asked = { hop: 'lb', method: 'GET', keepAlive: true, chunks: true, id: 'r1', host: 'lb.test', date: DATE }
const failed = (more: Partial<Failure> = {}): Failure => ({
  type: 'connection_terminated',
  stage: 'response_head',
  manner: 'closed',
  details: 'what happened',
  ...more,
})

test('a status line is what nginx takes for one', async (t) => {
  const table: [line: string, expected: string | number][] = [
    ['HTTP/1.1 200 OK', 200],
    ['HTTP/1.1 200', 200],
    ['HTTP/1.1  200 OK', 200],
    ['HTTP/1.10 200 OK', 200],
    ['HTTP/2.0 404 Not Found', 404],
    ['HTTP/1.1 200.1 OK', 200],
    ['HTTP/1.1 200 \u0001\u00ff', 200],
    ['HTTP/1.1 099 x', 99],
    ['HTTP/1.1 000 x', 0],
    ['HTTP/1.1 99 x', 'raw'],
    ['HTTP/1.1 2000 x', 'raw'],
    ['HTTP/1.1 200OK', 'raw'],
    ['HTTP/1.1 200\tOK', 'raw'],
    ['HTTP/1.1 abc OK', 'raw'],
    ['HTTP/01.1 200 OK', 'raw'],
    ['HTTP/2 200', 'raw'],
    ['http/1.1 200 OK', 'raw'],
    ['HTTP/1.1 200 O\rK', 'raw'],
    ['SSH-2.0-OpenSSH_9.2', 'raw'],
    ['', 'raw'],
  ]
  for (const [line, expected] of table) {
    const read = readHead(`${line}\r\n\r\n`)
    t.equal(read.is === 'head' ? read.status : read.is, expected, JSON.stringify(line))
  }
  for (const start of ['', 'H', 'HTTP/', 'HTTP/1', 'HTTP/1.', 'HTTP/1.1 ', 'HTTP/1.1 20', 'HTTP/1.1 200 OK\r']) {
    t.equal(readHead(start).is, 'incomplete', JSON.stringify(start))
  }
})

test('a header line is nearly anything', async (t) => {
  const table: [lines: string, expected: string[] | string][] = [
    ['A: b\r\n', ['A', 'b']],
    ['A:b\n', ['A', 'b']],
    ['A:   b c  \r\n', ['A', 'b c']],
    ['A: b\r\r\n', ['A', 'b']],
    ['NoColon\r\n', ['NoColon', '']],
    ['B(ad)/\u00ff: x\r\n', ['B(ad)/\u00ff', 'x']],
    ['A: \u0001\u007f\t\u00ff\r\n', ['A', '\u0001\u007f\t\u00ff']],
    ['HTTP/1.1 201 Again\r\nA: b\r\n', ['A', 'b']],
    ['Bad Header: x\r\n', 'Bad '],
    [' folded\r\n', ' '],
    [': x\r\n', ':'],
    ['A: a\0b\r\n', 'A: a\0'],
    ['A: a\rb\r\n', 'A: a\r'],
    ['A: a  \rb\r\n', 'A: a '],
    ['A\u007f: b\r\n', 'A\u007f'],
    ['\rx', '\r'],
  ]
  for (const [lines, expected] of table) {
    const read = readHead(`HTTP/1.1 200 OK\r\n${lines}\r\n`)
    t.strictSame(read.is === 'head' ? read.fields : 'seen' in read && read.seen, expected, JSON.stringify(lines))
  }
})

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** What becomes of those parts, as they arrive; `|` behind what they brought at once, and what the FIN brought last. */
function read(parts: readonly string[], method = 'GET'): string {
  const reader = nginxReader(method)
  const all = [...parts.map((part) => reader.push(bytesOf(part))), reader.finish()]
  return all.map((readings) => readings.map(short).join(' ')).join('|')
}

function short(reading: Reading): string {
  switch (reading.is) {
    case 'head':
      return `${reading.status}${reading.last ? ' last' : ''}`
    case 'data':
      return JSON.stringify(textOf(reading.bytes))
    case 'end':
      return reading.spoilt ? 'end, spoilt' : 'end'
    case 'invalid':
      return `invalid: ${reading.message}`
    case 'note':
      return `${reading.level}: ${reading.text}`
    case 'interim':
      return `interim ${reading.status}`
  }
}

const OK = 'HTTP/1.1 200 OK\r\n'
const LENGTH = (bytes: number) => `${OK}Content-Length: ${bytes}\r\n\r\n`
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const MORE = 'warn: upstream sent more data than specified in "Content-Length" header'
const BAD_CHUNK = 'invalid: Invalid character in chunk size'
const NO_HEAD = 'error: upstream sent no valid HTTP/1.0 header'

test('a response goes on in buffers, as nginx has them', async (t) => {
  const long = 'x'.repeat(4096)
  const table: [name: string, parts: string[], expected: string, method?: string][] = [
    ['whole', [`${LENGTH(2)}ok`], '200 "ok" end|'],
    ['in parts', [LENGTH(4), 'ab', 'cd'], '200||"abcd" end|'],
    ['a head in parts', ['HTTP/1.1 2', '00 OK\r\nContent-Length: 0\r\n', '\r\n'], '||200 end|'],
    ['too short: what is there comes with the FIN', [`${LENGTH(9)}hello`], '200|"hello"'],
    ['up to the close', [`${OK}\r\nhello`], '200|"hello"'],
    ['a full buffer, head included', [`${LENGTH(9000)}${long}`], `200 "${'x'.repeat(4096 - 41)}"|"${'x'.repeat(41)}"`],
    ['more than its length', [`${LENGTH(2)}okay`], `200 "ok" ${MORE} end, spoilt|`],
    ['of two lengths the last', [`${OK}Content-Length: 9\r\nContent-Length: 2\r\n\r\nok`], '200 "ok" end|'],
    ['a length that is none', [`${OK}Content-Length: 2x\r\n\r\nok`], '200|"ok"'],
    ['chunks', [`${CHUNKED}2\r\nok\r\n`, '0\r\n\r\n'], '200 "ok"|end|'],
    ['chunks before a length', [`${OK}Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`], '200 end|'],
    ['a chunk in parts', [`${CHUNKED}5\r\nhel`, 'lo\r\n0\r\n\r\n'], '200 "hel"|"lo" end|'],
    ['extensions, bare LF, trailers', [`${CHUNKED}2;a\u0001\nok\n0 x\r\nT: \0\r\n\r\n`], '200 "ok" end|'],
    ['a bad chunk takes the good ones in its buffer along', [`${CHUNKED}2\r\nok\r\nzz`], `200 ${BAD_CHUNK}|`],
    ['but not those before', [`${CHUNKED}2\r\nok\r\n`, 'zz\r\n'], `200 "ok"|${BAD_CHUNK}|`],
    ['a chunk beyond all bounds', [`${CHUNKED}fffffffffffffffff\r\n`], `200 ${BAD_CHUNK}|`],
    ['behind the chunks', [`${CHUNKED}0\r\n\r\nmore`], '200 warn: upstream sent data after final chunk end, spoilt|'],
    ['no body', ['HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n'], '204 end|'],
    ['a body where none may be', ['HTTP/1.1 304 No\r\n\r\nok'], `304 ${MORE} end, spoilt|`],
    ['HEAD', [LENGTH(5)], '200 end|', 'HEAD'],
    [
      '100 is a response like any other',
      ['HTTP/1.1 100 Continue\r\n\r\n', `${LENGTH(0)}`],
      `100||${JSON.stringify(LENGTH(0))}`,
    ],
    ['HTTP/1.0 ends with the connection', ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'], '200 last end|'],
    ['not HTTP', ['SSH-2.0\r\n', 'x'], `${NO_HEAD} 9 last||"SSH-2.0\\r\\nx"`],
    ['not HTTP, for HEAD', ['SSH-2.0\r\n'], `${NO_HEAD} 9 last ${MORE} end, spoilt|`, 'HEAD'],
    ['a head that fills the buffer', [`${OK}A: ${long}`], 'invalid: Response headers overflow|'],
    ['one that just fits', [`${OK}A: ${'a'.repeat(4096 - 24)}\r\n\r\n`], '200|'],
    ['a bad line', [`${OK}Bad Header: x\r\n`], 'invalid: Invalid header token|'],
  ]
  for (const [name, parts, expected, method] of table) t.equal(read(parts, method), expected, name)
})

test('however its bytes arrive, a whole response has the same body', async (t) => {
  const body = fc.string({ maxLength: 9000, unit: fc.constantFrom('a', '\n', '\u00ff', '0') })
  const whole = fc.tuple(body, fc.boolean()).map(([text, chunked]) => {
    const half = Math.floor(text.length / 2)
    const chunk = (part: string) => (part === '' ? '' : `${part.length.toString(16)}\r\n${part}\r\n`)
    const bytes = chunked
      ? `${CHUNKED}${chunk(text.slice(0, half))}${chunk(text.slice(half))}0\r\n\r\n`
      : `${LENGTH(text.length)}${text}`
    return { text, bytes }
  })
  fc.assert(
    fc.property(whole, fc.array(fc.nat({ max: 9500 }), { maxLength: 6 }), ({ text, bytes }, cuts) => {
      const reader = nginxReader('GET')
      const at = [0, ...cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b), bytes.length]
      const readings = at.slice(1).flatMap((end, index) => reader.push(bytesOf(bytes.slice(at[index]!, end))))
      const data = readings.flatMap((reading) => (reading.is === 'data' ? [textOf(reading.bytes)] : []))
      return data.join('') === text && readings.at(-1)!.is === 'end' && readings[0]!.is === 'head'
    }),
    { numRuns: 150 },
  )
  t.pass('it has')
})

test('the status of a failure', async (t) => {
  const table: [failure: Partial<Failure>, status: number][] = [
    [{ type: 'connection_refused', stage: 'connect', manner: 'refused' }, 502],
    [{ type: 'connection_timeout', stage: 'connect', manner: 'timeout' }, 504],
    [{ type: 'connection_timeout', stage: 'tls', manner: 'timeout' }, 504],
    [{ type: 'connection_read_timeout', manner: 'timeout' }, 504],
    [{ type: 'dns_timeout', stage: 'dns', manner: 'timeout' }, 502],
    [{ type: 'destination_unavailable', stage: 'select', manner: 'unavailable' }, 502],
    [{ type: 'connection_limit_reached', stage: 'select', manner: 'unavailable' }, 502],
    [{ type: 'connection_limit_reached', stage: 'select', manner: 'unavailable', status: 429 }, 429],
    [{ type: 'http_protocol_error', manner: 'http' }, 502],
    [{ type: 'proxy_internal_error', manner: 'internal' }, 500],
  ]
  for (const [failure, status] of table) t.equal(statusOf(failed(failure)), status, JSON.stringify(failure))
})

const pageFor = (to: Partial<Asked> = {}, failure = failed()) =>
  nginx.answer(failure, { ...asked, ...to }, { nextHop: undefined })

test('the pages, byte for byte', async (t) => {
  const { status, reason, fields, body } = pageFor()
  t.strictSame([status, reason], [502, 'Bad Gateway'])
  t.equal(body.length, 157)
  t.equal(
    body,
    '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n' +
      '<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n',
  )
  const about = ['Content-Type', 'text/html', 'Content-Length', '157', 'Connection', 'keep-alive']
  t.strictSame(fields, ['Server', 'nginx/1.22.1', 'Date', DATE, ...about])
  t.match(pageFor({}, failed({ manner: 'timeout' })).body, '<h1>504 Gateway Time-out</h1>')
  t.match(pageFor({}, failed({ status: 503 })).body, '<h1>503 Service Temporarily Unavailable</h1>')
  const head = pageFor({ method: 'HEAD', keepAlive: false })
  t.equal(head.body, '')
  t.strictSame(head.fields.slice(-4), ['Content-Length', '157', 'Connection', 'close'])
})

test('a page is padded for MSIE and Chrome', async (t) => {
  const padded: [userAgent: string, padded: boolean][] = [
    ['Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36', true],
    ['Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)', true],
    ['Mozilla/4.0 (compatible; MSIE 6.0; Windows) Opera 8', false],
    ['Mozilla/5.0 (X11; rv:120.0) Gecko/20100101 Firefox/120.0', false],
    ['curl/8', false],
  ]
  for (const [userAgent, expected] of padded) {
    t.equal(pageFor({ userAgent }).body.length, expected ? 157 + 6 * 67 : 157, userAgent)
  }
})

test('requests that are refused', async (t) => {
  const about = (status: number, details: string) => {
    const answer = nginx.refusal(status, failed({ type: 'http_request_error', details }), asked)
    return answer && `${answer.status} ${answer.body.length} ${answer.fields.at(-1)}`
  }
  t.equal(about(400, 'Host is missing'), '400 157 close')
  t.equal(about(400, 'transfer coding other than chunked'), '501 165 close')
  t.equal(about(400, 'HTTP/2.0 is not spoken here'), '505 187 close')
  t.equal(about(405, 'CONNECT is not spoken here'), '400 157 close')
  t.equal(about(431, 'too large'), '400 233 close')
  t.equal(about(408, 'too late'), undefined)
  const context = { client: '127.0.0.1', server: 'lb', request: 'GET / HTTP/1.1', upstream: 'http://lb/', host: 'a' }
  const line = (details: string, fields: string[] = []) => refusedLine(failed({ details, fields }), context)?.message
  const tail =
    'while reading client request headers, client: 127.0.0.1, server: lb, request: "GET / HTTP/1.1", host: "a"'
  t.equal(line('transfer coding', ['gzip']), `client sent unknown "Transfer-Encoding": "gzip" ${tail}`)
  t.equal(line('Host is invalid', ['a b']), `client sent invalid host header ${tail}`)
  t.equal(
    line('more than one Host', ['a', 'b']),
    `client sent duplicate host header: "Host: b", previous value: "Host: a" ${tail}`,
  )
  t.equal(
    line('CONNECT is not spoken here'),
    'client sent invalid request while reading client request line, client: 127.0.0.1, server: lb, request: "GET / HTTP/1.1"',
  )
  t.equal(line('something else'), undefined)
})

test('a head that is passed on', async (t) => {
  const passed = (status: number, line: string, fields: string[], to: Partial<Asked> = {}) =>
    nginx.passed!({ status, line, fields }, { ...asked, ...to })
  const own = `Server: nginx/1.22.1\r\nDate: ${DATE}\r\n`
  t.strictSame(
    passed(200, '200 Fine', ['Server', 'x', 'X-A', '\u0001', 'X-Accel-Expires', '1', 'Content-Length', '2']),
    {
      text: `HTTP/1.1 200 Fine\r\n${own}Content-Length: 2\r\nConnection: keep-alive\r\nX-A: \u0001\r\n\r\n`,
      chunked: false,
      last: false,
    },
  )
  t.match(passed(200, '200 OK', ['Content-Length', 'abc']), {
    text: `HTTP/1.1 200 OK\r\n${own}Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n`,
    chunked: true,
  })
  t.match(passed(200, '200 OK', [], { chunks: false, keepAlive: false }), {
    text: `HTTP/1.1 200 OK\r\n${own}Connection: close\r\n\r\n`,
    chunked: false,
    last: true,
  })
  t.match(
    passed(302, '302', ['Location', '/there', 'Content-Length', '0'], { port: 8080, host: 'LB.test:1' }).text,
    /\r\nLocation: http:\/\/lb.test:8080\/there\r\nConnection/,
  )
  t.match(passed(101, '101 S', ['Upgrade', 'x', 'Connection', 'upgrade']).text, 'Connection: upgrade\r\nUpgrade: x\r\n')
  t.strictSame(passed(HTTP_09, '', []), { text: '', chunked: false, last: false })
})

test('a line of the access log', async (t) => {
  const entry: AccessEntry = {
    client: '127.0.0.1',
    request: 'GET /a"b HTTP/1.1',
    status: 502,
    clientLeft: false,
    bodyBytes: 157,
    tries: [],
    date: DATE,
  }
  const line = (more: Partial<AccessEntry>) => accessLine({ ...entry, ...more })
  const start = '127.0.0.1 - - [25/Nov/2026:17:34:47 +0000] "GET /a\\x22b HTTP/1.1"'
  t.equal(line({}), `${start} 502 157 "-" "-" - - -`)
  const late = { address: '127.0.0.1:1', failure: failed({ manner: 'timeout' }), ms: 1004.9 }
  t.equal(
    line({ status: 200, tries: [late, { address: '127.0.0.1:2', status: 200, ms: 3 }] }),
    `${start} 200 157 "-" "-" 127.0.0.1:1, 127.0.0.1:2 504, 200 1.004, 0.003`,
  )
  const none = { address: 'lb', failure: failed({ stage: 'select', manner: 'unavailable' }), ms: 0 }
  t.equal(line({ tries: [none] }), `${start} 502 157 "-" "-" lb 502 0.000`)
  const left = { status: undefined, clientLeft: true, bodyBytes: 0, tries: [{ address: '127.0.0.1:1', ms: 5 }] }
  t.equal(line({ ...left, userAgent: 'curl' }), `${start} 499 0 "-" "curl" 127.0.0.1:1 - 0.005`)
  const raw = { status: HTTP_09, bodyBytes: 16, tries: [{ address: '127.0.0.1:1', status: HTTP_09, ms: 1 }] }
  t.equal(line(raw), `${start} 009 16 "-" "-" 127.0.0.1:1 200 0.001`)
})
