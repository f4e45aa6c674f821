/** An edge's own answers and marks: its words for every failure, and what it does to a response that it passes on. */
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { errorTypeNames } from '../../src/core/error_types.js'
import { type Failure, noServer } from '../../src/core/failure.js'
import type { Asked } from '../../src/dialects/dialect.js'
import { type EdgeErrorWord, edge, edgeErrorWord, edgeErrorWords } from '../../src/dialects/edge.js'
import { dialectOf, namedDialects } from '../../src/dialects/index.js'
import { proxyErrorWords } from '../../src/dialects/proxy_error.js'
import { statusOf } from '../../src/dialects/rfc9209.js'

const asked: Asked = { hop: 'cdn', method: 'GET', keepAlive: true, chunks: true, id: 'plain-1', date: 'now' }
const failed = (type: Failure['type'], more: Partial<Failure> = {}): Failure => ({
  type,
  stage: 'response_head',
  manner: 'reset',
  details: 'what happened, at 10.0.0.1',
  ...more,
})
const named = dialectOf({ dialect: 'edge', server_header: 'edge-example' })
const fieldOf = (fields: readonly string[], name: string) => fields[fields.indexOf(name) + 1]

test('its own page: status, Server, who it was, and a word; nothing of what the origin’s network looks like', async (t) => {
  const refused = failed('connection_refused', { stage: 'connect', manner: 'refused' })
  const { status, reason, fields, body, proxyStatus, proxyError } = named.answer(refused, asked, {
    nextHop: '1.2.3.4:80',
  })
  t.strictSame([status, reason], [502, 'Bad Gateway'])
  t.strictSame(fields, [
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Length',
    String(body.length),
    'Server',
    'edge-example',
    'X-Edge-Id',
    'cdn/plain-1',
    'X-Edge-Error',
    'origin_unreachable',
  ])
  t.match(body, /<h1>502 Bad Gateway<\/h1>/)
  t.notMatch(body, /1\.2\.3\.4|10\.0\.0\.1/)
  t.strictSame([proxyStatus, proxyError], [undefined, undefined], 'it speaks no Proxy-Status of its own')
  t.equal(
    fieldOf(edge.answer(refused, asked, { nextHop: undefined }).fields, 'Server'),
    'edge',
    'when not told another',
  )
})

test('the statuses are those of RFC 9209, each with its words', async (t) => {
  for (const type of errorTypeNames) {
    const answer = edge.answer(failed(type), asked, { nextHop: undefined })
    t.equal(answer.status, statusOf(failed(type)), type)
    t.ok(answer.reason, type)
    t.ok(edgeErrorWord(failed(type)) in edgeErrorWords, type)
  }
  t.match(edge.answer(noServer('x'), asked, { nextHop: undefined }), { status: 503, body: /No origin/ })
  const timeout = failed('connection_read_timeout', { manner: 'timeout' })
  t.match(edge.answer(timeout, asked, { nextHop: undefined }), { status: 504, body: /in time/ })
})

test('every word is used', async (t) => {
  const given = errorTypeNames.flatMap((type) => [
    edgeErrorWord(failed(type)),
    edgeErrorWord(failed(type, { manner: 'unroutable' })),
  ])
  t.strictSame([...new Set<EdgeErrorWord>(given)].sort(), Object.keys(edgeErrorWords).sort())
  t.ok(Object.keys(proxyErrorWords).length > Object.keys(edgeErrorWords).length, 'coarser than X-Proxy-Error')
})

test('what passes is marked, and told apart from its own by the word alone', async (t) => {
  const marked = named.marked!(['server', 'app/1', 'X-A', 'server', 'X-Edge-Id', 'near/plain-1'], asked)
  t.strictSame(marked, [
    'X-A',
    'server',
    'X-Edge-Id',
    'near/plain-1',
    'Server',
    'edge-example',
    'X-Edge-Id',
    'cdn/plain-1',
  ])
  t.equal(named.received!('inner; error=dns_error', 502, 'cdn'), 'inner; error=dns_error')
  t.equal(named.received!(undefined, 502, 'cdn'), undefined)
})

test('a request that it refuses ends the connection', async (t) => {
  const answer = named.refusal(400, failed('http_request_error', { stage: 'select', manner: 'http' }), asked)!
  t.equal(fieldOf(answer.fields, 'Connection'), 'close')
  t.match(answer, { status: 400, body: /does not take this request/ })
  t.equal(fieldOf(answer.fields, 'X-Edge-Error'), 'request_refused')
})

test('only an edge takes a name', async (t) => {
  t.strictSame(namedDialects, ['edge'])
  t.equal(dialectOf({ dialect: 'rfc9209', server_header: 'x' }), dialectOf({ dialect: 'rfc9209' }))
})

test('docs/edge.md has every word, as it is meant here', async (t) => {
  const page = readFileSync('docs/edge.md', 'utf8')
  for (const [word, meaning] of Object.entries(edgeErrorWords))
    t.ok(page.includes(`| \`${word}\` | ${meaning} |`), word)
})
