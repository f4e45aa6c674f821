/**
 * A failure in HAProxy's words, and how HAProxy reads and passes on a response. What stands here was read off HAProxy 2.6.12,
 * doing to it what each row says; test/slow/answers_haproxy.ts asks it anew.
 */
import { test } from 'tap'
import { type Failure, noServer, overLimit, overRate, waitedTooLong } from '../../src/core/failure.js'
import type { AccessEntry, Asked } from '../../src/dialects/dialect.js'
import { haproxy } from '../../src/dialects/haproxy/index.js'
import { haproxyReader } from '../../src/dialects/haproxy/reader.js'
import { terminationOf } from '../../src/dialects/haproxy/termination.js'

const to: Asked = { hop: 'lb', method: 'GET', keepAlive: true, chunks: true, id: 'r', date: '' }
const failed = (type: Failure['type'], stage: Failure['stage'], manner: Failure['manner']): Failure => ({
  type,
  stage,
  manner,
  details: '',
})

/** What it answers and logs, as `502 SH`; `silent`: to who was there before, not a word, `unlogged`: in the log neither. */
const ROWS: [Failure, string][] = [
  [failed('connection_refused', 'connect', 'refused'), '503 SC'],
  [failed('destination_ip_unroutable', 'connect', 'unroutable'), '503 SC'],
  [failed('connection_timeout', 'connect', 'timeout'), '503 sC silent'],
  [failed('connection_terminated', 'connect', 'reset'), '502 SH unlogged'],
  [failed('tls_certificate_error', 'tls', 'certificate'), '503 SC'],
  [failed('tls_alert_received', 'tls', 'alert'), '503 SC'],
  [failed('connection_terminated', 'tls', 'closed'), '503 SC'],
  [failed('connection_timeout', 'tls', 'timeout'), '503 sC silent'],
  [failed('dns_error', 'dns', 'unresolved'), '503 SC'],
  [failed('dns_timeout', 'dns', 'timeout'), '503 SC'],
  [noServer(''), '503 SC'],
  [overLimit(''), '503 SQ'],
  [waitedTooLong(), '503 sQ'],
  [overRate(429), '429 PR'],
  [failed('connection_terminated', 'response_head', 'closed'), '502 SH unlogged'],
  [failed('http_response_incomplete', 'response_head', 'reset'), '502 SH unlogged'],
  [failed('http_protocol_error', 'response_head', 'http'), '502 PH'],
  [failed('connection_read_timeout', 'response_head', 'timeout'), '504 sH'],
  [failed('http_response_incomplete', 'response_body', 'closed'), 'as sent SD'],
  [failed('http_response_transfer_coding', 'response_body', 'http'), 'as sent PD'],
  [failed('connection_read_timeout', 'response_body', 'timeout'), 'as sent sD'],
  [failed('connection_terminated', 'tunnel', 'reset'), 'as sent SD'],
  [failed('http_request_error', 'select', 'http'), '400 PR'],
]

test('statuses and termination states', async (t) => {
  for (const [failure, wanted] of ROWS) {
    const { status, state, otherwise } = terminationOf(failure)
    const silent = otherwise && { unsaid: ' silent', unlogged: ' unlogged' }[otherwise]
    t.equal(`${state.endsWith('D') ? 'as sent' : status} ${state}${silent ?? ''}`, wanted)
    t.equal(haproxy.hangsUp!(failure, to), false, 'the first on its connection is answered')
    t.equal(haproxy.hangsUp!(failure, { ...to, again: true }), otherwise !== undefined)
  }
})

const text = (fields: readonly string[]): string =>
  fields.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`)).join('')

test('pages, byte for byte', async (t) => {
  const lost = failed('connection_terminated', 'response_head', 'closed')
  const { status, reason, fields, body } = haproxy.answer(lost, to, { nextHop: undefined })
  t.equal(
    `HTTP/1.1 ${status} ${reason}\r\n${text(fields)}\r\n${body}`,
    'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 107\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n\r\n' +
      '<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n',
  )
  const asked = (more: Partial<Asked>) => haproxy.answer(lost, { ...to, ...more }, { nextHop: undefined })
  t.match(text(asked({ keepAlive: false }).fields), /\r\nconnection: close\r\n$/)
  t.match(text(asked({ chunks: false }).fields), /\r\nconnection: keep-alive\r\n$/, 'HTTP/1.0 has to be told')
  t.match(asked({ method: 'HEAD' }), { body: '', fields: ['content-length', '107'] })

  const refused = (status: number, details = '', coding?: string) =>
    haproxy.refusal(
      status,
      { ...failed('http_request_error', 'select', 'http'), details, ...(coding && { fields: [coding] }) },
      to,
    )!
  t.equal(
    text(refused(400).fields),
    'Content-length: 90\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n',
  )
  t.match(refused(408), { status: 408, reason: 'Request Time-out' })
  t.equal(refused(431).status, 400)
  const coding = 'transfer coding other than chunked'
  const codings = ['gzip', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'xchunked'].map(
    (one) => refused(400, coding, one).status,
  )
  t.same(codings, [400, 422, 400, 400, 400])
})

const bytesOf = (latin: string): Uint8Array => Uint8Array.from(latin, (char) => char.charCodeAt(0))
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** What a client gets of a response that comes in those parts, up to where more must come; `PH` where it is invalid. */
function passed(parts: string | readonly string[], asked = to): string {
  const reader = haproxyReader(asked.method)
  let sent = ''
  let chunked = false
  for (const part of typeof parts === 'string' ? [parts] : parts) {
    for (const reading of reader.push(bytesOf(part))) {
      if (reading.is === 'head') {
        const head = haproxy.passed!(reading, asked)
        chunked = head.chunked
        sent += head.text
      } else if (reading.is === 'data') {
        const data = textOf(reading.bytes)
        sent += chunked ? `${data.length.toString(16).toUpperCase()}\r\n${data}\r\n` : data
      } else if (reading.is === 'end') sent += chunked ? `0\r\n${text(reading.trailers ?? [])}\r\n` : ''
      else if (reading.is === 'interim') sent += `${reading.status} `
      else sent += sent === '' || /\d $/.test(sent) ? 'PH' : 'PD'
    }
  }
  return sent
}

const OK = 'HTTP/1.1 200 OK\r\n'
const TWO = 'Content-Length: 2\r\n\r\nok'
const PLAIN = `${OK}content-length: 2\r\n\r\nok`
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const CHUNKS = `${OK}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`

test('heads that it takes, and how it passes them on', async (t) => {
  const rows: [came: string, goes: string][] = [
    [`${OK}${TWO}`, PLAIN],
    ['HTTP/1.1 200 OK\nContent-Length: 2\n\nok', PLAIN],
    [`\r\n\n${OK}${TWO}`, PLAIN],
    [`XTTP/2.0\t200  OK\r\n${TWO}`, PLAIN],
    [`HTTP/1.0 200 OK\r\n${TWO}`, 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok'],
    [`HTTP/1.1 200\r\n${TWO}`, 'HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok'],
    [`HTTP/1.1 0200 OK\r\n${TWO}`, 'HTTP/1.1 0200 OK\r\ncontent-length: 2\r\n\r\nok'],
    [`HTTP/1.1 1000 O\0\x01K\r\n${TWO}`, 'HTTP/1.1 1000 O\0\x01K\r\ncontent-length: 2\r\n\r\nok'],
    [`HTTP/1.1 99 OK\r\n${TWO}`, 'HTTP/1.1 99 OK\r\n\r\nok'],
    [`${OK}X-A: \t a\0\x80 \r\n${TWO}`, `${OK}x-a: a\0\x80\r\ncontent-length: 2\r\n\r\nok`],
    [`${OK}X-A: a\r\n  b\r\n${TWO}`, `${OK}x-a: a    b\r\ncontent-length: 2\r\n\r\nok`],
    [`${OK}X-A:\r\n b\r\n${TWO}`, `${OK}x-a: b\r\ncontent-length: 2\r\n\r\nok`],
    [`${OK}Content-Length: 2\r\n${TWO}`, PLAIN],
    [`${OK}Content-Length: 2, 2\r\n\r\nok`, PLAIN],
    [`${OK}Content-Length: 02\r\n\r\nok`, `${OK}content-length: 02\r\n\r\nok`],
    [
      `${OK}Connection: close, x-a\r\nKeep-Alive: 5\r\n${TWO}`,
      `${OK}connection: x-a\r\nkeep-alive: 5\r\ncontent-length: 2\r\n\r\nok`,
    ],
    [`${OK}X: y\r\n\r\nok`, `${OK}x: y\r\nconnection: close\r\n\r\nok`],
    ['HTTP/1.0 200 OK\r\n\r\nok', 'HTTP/1.0 200 OK\r\n\r\nok'],
    ['HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\n', 'HTTP/1.1 204 N\r\n\r\n'],
    ['HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\n', 'HTTP/1.1 304 N\r\ncontent-length: 2\r\n\r\n'],
    [`HTTP/1.1 100 Continue\r\n\r\n${OK}${TWO}`, `100 ${PLAIN}`],
    [`${OK}Transfer-Encoding: \r\n\r\nok`, `${OK}transfer-encoding: \r\nconnection: close\r\n\r\nok`],
  ]
  for (const [came, goes] of rows) t.equal(passed(came), goes, JSON.stringify(came))
  t.equal(passed(`${OK}${TWO}`, { ...to, keepAlive: false }), `${OK}content-length: 2\r\nconnection: close\r\n\r\nok`)
  t.equal(passed(`${OK}${TWO}`, { ...to, chunks: false }), `${OK}content-length: 2\r\nconnection: keep-alive\r\n\r\nok`)
  t.equal(passed(`${OK}Content-Length: 2\r\n\r\n`, { ...to, method: 'HEAD' }), `${OK}content-length: 2\r\n\r\n`)
})

test('heads that are invalid', async (t) => {
  const lines = [
    'Bad',
    'B ad: x',
    'Bad : x',
    ': x',
    'B\xe4d: x',
    ' X: y',
    'X: a\rb',
    'Content-Length: 3',
    'Content-Length: +2',
    'Content-Length: 2x',
  ]
  const more = [
    'Content-Length:',
    'Content-Length: ,2',
    'Content-Length: 2,',
    'Content-Length: 2 2',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
  ]
  const codings = ['gzip', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'xchunked'].map(
    (one) => `Transfer-Encoding: ${one}`,
  )
  for (const line of [...lines, ...more, ...codings]) t.equal(passed(`${OK}${line}\r\n${TWO}`), 'PH', line)
  for (const line of [
    'http/1.1 200 OK',
    'HTTP/1.10 200 OK',
    'HTTP/1.1 OK',
    'HTTP/1.1 20x OK',
    'SSH-2.0',
    '\x16\x03\x01',
    'HTTP/1.1 200 O\rK',
  ])
    t.equal(passed(`${line}\r\n${TWO}`), 'PH', line)
  t.equal(passed('HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'), 'PH', 'nobody asked to switch')
  t.equal(passed(`${OK}X-A: ${'a'.repeat(70_000)}\r\n`), 'PH')
  t.equal(passed(`${OK}${'X: y\r\n'.repeat(102)}`), 'PH')
  for (const part of ['', 'HTTP/1.1 2', `${OK}X`, `${OK}X: y`, `${OK}X: y\r`, `${OK}X: y\r\n`, `${OK}X: y\r\n\r`])
    t.equal(passed(part), '', 'more may come')
})

test('chunks', async (t) => {
  const taken = [
    '2\r\nok\r\n0\r\n\r\n',
    '2\nok\n0\n\n',
    '2;a="\0"\r\nok\r\n0;x\r\n\r\n',
    '2 \t \r\nok\r\n0\r\n\r\n',
    '000000000000000000002\r\nok\r\n0\r\n\r\n',
    '1\r\no\r\n1\r\nk\r\n0\r\n\r\nmore',
  ]
  for (const body of taken) t.equal(passed(CHUNKED + body), CHUNKS, JSON.stringify(body))
  for (const body of [
    '2\rok\r\n',
    ' 2\r\nok',
    '2 x\r\nok',
    'zz\r\n',
    '2\r\nokk',
    '100000000000000\r\n',
    '2\r\nok\r\n0\r\nXT\r\n\r\n',
  ])
    t.equal(passed(CHUNKED + body), 'PH', JSON.stringify(body))
  t.equal(
    passed([CHUNKED, 'zz\r\n']),
    `${OK}transfer-encoding: chunked\r\n\r\nPD`,
    'what was passed on is not taken back',
  )
  t.equal(passed(`${CHUNKED}2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`), CHUNKS.replace('0\r\n\r\n', '0\r\nx-t: 1\r\n\r\n'))
  t.equal(passed(`${CHUNKED}6\r\nhello `), `${OK}transfer-encoding: chunked\r\n\r\n6\r\nhello \r\n`)
  t.equal(
    passed([`${CHUNKED}1`, '4\r\n', 'x'.repeat(20)]),
    `${OK}transfer-encoding: chunked\r\n\r\n14\r\n${'x'.repeat(20)}\r\n`,
  )
  t.equal(
    passed(`${OK}Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
    CHUNKS,
    'chunks go before a length',
  )
})

test('lines of the HTTP log', async (t) => {
  const entry: AccessEntry = {
    hop: 'lb',
    client: '127.0.0.1',
    peer: '127.0.0.1:55448',
    request: 'GET /ok HTTP/1.1',
    status: 200,
    clientLeft: false,
    bodyBytes: 2,
    payloadBytes: 2,
    headCounted: 53,
    whole: true,
    headMs: 5,
    ms: 7,
    startedAt: '2026-11-26T09:42:03.142Z',
    tries: [{ server: 'app', address: '127.0.0.1:1', connectMs: 2, queuedMs: 1, status: 200, ms: 6 }],
    date: '',
  }
  const line = (more: Partial<AccessEntry>) => haproxy.access!({ ...entry, ...more })
  const start = '127.0.0.1:55448 [26/Nov/2026:09:42:03.142] lb lb'
  const end = '1/1/0/0/0 0/0 "GET /ok HTTP/1.1"'
  t.equal(line({}), `${start}/app 0/1/2/2/7 200 55 - - ---- ${end}`)
  const lost = failed('connection_terminated', 'response_head', 'closed')
  const asked = { server: 'app', address: 'a', connectMs: 0, ms: 1 }
  t.equal(
    line({ failure: lost, status: 502, headMs: undefined, tries: [asked] }),
    `${start}/app 0/0/0/-1/7 502 209 - - SH-- ${end}`,
  )
  t.equal(line({ failure: lost, status: undefined }), undefined, 'and the client tries again')
  const late = failed('connection_timeout', 'connect', 'timeout')
  t.match(line({ failure: late, status: 503, tries: [{ ...asked, failure: late }] }), '0/0/-1/')
  t.match(line({ failure: late, status: undefined }), ' 503 0 - - sC-- ')
  const gone = failed('connection_refused', 'connect', 'refused')
  t.match(line({ failure: gone, status: undefined }), ' 503 0 - - SC-- ', 'after a try on a reused connection')
  t.match(
    line({ failure: noServer(''), status: 503, tries: [] }),
    `${start}/<NOSRV> 0/-1/-1/-1/7 503 217 - - SC-- ${end}`,
  )
  const cut = failed('http_response_incomplete', 'response_body', 'closed')
  t.match(line({ failure: cut, whole: false }), ' 200 55 - - SD-- ')
  t.match(line({ chunked: true }), ' 200 56 - - ---- ', 'the end of chunks is counted')
  const refused = failed('http_request_error', 'select', 'http')
  t.match(
    line({ failure: refused, refused: true, status: 400, tries: [] }),
    '/<NOSRV> -1/-1/-1/-1/7 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"',
  )
  t.match(line({ tries: [asked, { ...asked, server: 'b' }] }), ' 1/1/0/0/+1 0/0 ')
  const left = { clientLeft: true, status: undefined }
  t.match(line({ ...left, tries: [] }), '/<NOSRV> 0/-1/-1/-1/7 -1 0 - - CQ-- ')
  t.match(line({ ...left, tries: [{ ...asked, connectMs: undefined }] }), ' -1 0 - - CC-- ')
  t.match(line({ ...left, tries: [asked] }), ' 400 206 - - CH-- ')
  t.match(line({ clientLeft: true }), ' 200 55 - - CD-- ')
  t.match(line({ clientLeft: true, stalled: true }), ' 200 55 - - cD-- ')
  t.match(line({ request: 'GET /a"\x01 HTTP/1.1' }), '"GET /a#22#01 HTTP/1.1"')
})
