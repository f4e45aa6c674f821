/** The words of products: what they mean, which causes of the catalogue they name, in which order, and who disagrees. */
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import type { Failure } from '../../src/core/failure.js'
import type { Dialect } from '../../src/dialects/dialect.js'
import { dialects } from '../../src/dialects/index.js'
import { readScenarios } from '../../src/scenario/files.js'
import { signatureOf } from '../../src/scenario/signature.js'
import {
  type Explanation,
  elsewhere,
  explainWords,
  mishapNames,
  mishapOf,
  mishaps,
  nearestWord,
  type Product,
  productNames,
  products,
  statusesFor,
} from '../../src/words/index.js'

const folder = 'scenarios/causes'
const ids = readdirSync(folder).map((file) => file.replace('.yaml', ''))

/** What products really write, each with a cause that must be among those that it may mean. */
const lines = readFileSync('test/words/fixtures/lines.tsv', 'utf8')
  .split('\n')
  .filter((row) => row !== '' && !row.startsWith('#'))
  .map((row) => row.split('\t') as [product: string, cause: string, text: string])

const of = (text: string, product: string): Explanation | undefined =>
  explainWords(text).find((explanation) => explanation.product === product)
const idsOf = (explanation: Explanation | undefined): string[] => explanation?.causes.map(({ id }) => id) ?? []

test('every word names causes that are in the catalogue, and every cause of it is named', async (t) => {
  const named = mishapNames.flatMap((name) => [...mishaps[name].causes])
  const own = productNames.flatMap((name) => products[name].words.flatMap(({ causes = [] }) => [...causes]))
  t.strictSame(
    [...named, ...own].filter((id) => !ids.includes(id)),
    [],
  )
  t.strictSame(
    ids.filter((id) => !named.includes(id)),
    [],
    'none is left out',
  )
})

test('what products really write leads to its cause', async (t) => {
  t.strictSame([...new Set(lines.map(([name]) => name))].sort(), [...productNames].sort(), 'all of them')
  for (const [name, cause, text] of lines) {
    const explanation = of(text, name)
    t.ok(idsOf(explanation).includes(cause), `${name}: ${text} → ${cause}`)
    const told = explanation?.words.every(({ says, next, source }) => says && next && source)
    t.ok(told, 'says what it means, what to look at, and who says so')
  }
})

test('every word of the tables is found by itself, for its product', async (t) => {
  for (const name of productNames) {
    const { words, statuses }: Product = products[name]
    for (const { word } of words) t.ok(of(word, name) ?? of(word.replaceAll('…', 'X'), name), `${name}: ${word}`)
    for (const status of Object.keys(statuses)) if (/^\d+$/.test(status)) t.ok(of(status, name), `${name}: ${status}`)
  }
})

test('whatever a scenario of the catalogue expects leads to that scenario', async (t) => {
  for (const { scenario } of await readScenarios(ids.map((id) => `${folder}/${id}.yaml`))) {
    const { statuses, types, words, logs } = signatureOf(scenario)
    const texts = logs.filter((text) => !text.startsWith('upstream: '))
    for (const text of [...statuses.filter((status) => status >= 400).map(String), ...types, ...words, ...texts]) {
      const named = explainWords(text).some((explanation) => idsOf(explanation).includes(scenario.id))
      t.ok(named, `${scenario.id}: ${text}`)
    }
  }
})

const failure = (more: Partial<Failure>): Failure => ({
  type: 'connection_terminated',
  stage: 'response_head',
  manner: 'closed',
  details: 'what happened',
  ...more,
})

/** What hops perceive, as they put it. */
const failures: Failure[] = [
  failure({}),
  failure({ manner: 'reset' }),
  failure({ stage: 'tls' }),
  failure({ stage: 'tls', manner: 'reset' }),
  failure({ type: 'connection_refused', stage: 'connect', manner: 'refused' }),
  failure({ type: 'connection_timeout', stage: 'connect', manner: 'timeout' }),
  failure({ type: 'connection_timeout', stage: 'tls', manner: 'timeout' }),
  failure({ type: 'destination_ip_unroutable', stage: 'connect', manner: 'unroutable' }),
  failure({ type: 'dns_error', stage: 'dns', manner: 'unresolved', rcode: 'NXDOMAIN' }),
  failure({ type: 'dns_error', stage: 'dns', manner: 'unresolved', rcode: 'SERVFAIL' }),
  failure({ type: 'dns_timeout', stage: 'dns', manner: 'timeout' }),
  failure({ type: 'tls_alert_received', stage: 'tls', manner: 'alert', alert_id: 40 }),
  failure({
    type: 'tls_certificate_error',
    stage: 'tls',
    manner: 'certificate',
    certificate_error: 'CERT_HAS_EXPIRED',
  }),
  failure({ type: 'tls_protocol_error', stage: 'tls', manner: 'tls' }),
  failure({ type: 'connection_read_timeout', manner: 'timeout' }),
  failure({ type: 'http_response_timeout', manner: 'timeout' }),
  failure({ type: 'connection_write_timeout', stage: 'request', manner: 'timeout' }),
  failure({ type: 'http_response_incomplete' }),
  failure({ type: 'http_protocol_error', manner: 'http' }),
  failure({ type: 'http_protocol_error', manner: 'http', fields: ['Bad '] }),
  failure({ type: 'http_protocol_error', manner: 'http', fields: ['Content-Length: 1', 'Content-Length: 2'] }),
  failure({ type: 'http_protocol_error', manner: 'http', details: 'switched protocols unasked' }),
  failure({ type: 'http_response_header_section_size', manner: 'http' }),
  failure({ type: 'http_response_transfer_coding', manner: 'http' }),
  failure({ type: 'http_upgrade_failed', manner: 'http' }),
  failure({ type: 'destination_unavailable', stage: 'select', manner: 'unavailable' }),
  failure({ type: 'connection_limit_reached', stage: 'select', manner: 'unavailable' }),
]

test('a dialect answers with a status that its product has for that', async (t) => {
  const to = {
    hop: 'lb',
    method: 'GET',
    keepAlive: true,
    chunks: true,
    id: 'r1',
    date: 'Wed, 25 Nov 2026 17:34:47 GMT',
  }
  const both = productNames.filter((name) => name in dialects)
  t.ok(both.includes('nginx') && both.includes('rfc9209'))
  for (const name of both) {
    const dialect = dialects[name as keyof typeof dialects] as Dialect
    for (const each of failures) {
      const status = String(dialect.answer(each, to, { nextHop: undefined }).status)
      const known = statusesFor(products[name], mishapOf(each))
      // Where the product does not mind, whoever minds in its place has a status all the same.
      const minded = known.includes(status) || known.includes('accepted')
      t.ok(minded, `${name}: ${mishapOf(each)} is ${status}, and the table has ${known.join(', ')}`)
    }
  }
})

test('the details of a line narrow it', async (t) => {
  const http =
    '10.0.0.1:5 [26/Nov/2026:09:00:00.000] front back/app1 0/0/0/-1/4 503 217 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"'
  t.equal(idsOf(of(http, 'haproxy'))[0], 'origin-refused')
  t.equal(idsOf(of(http.replace('back/app1', 'back/<NOSRV>'), 'haproxy'))[0], 'no-live-upstreams')
  const alb = lines.find(([name, cause]) => name === 'alb' && cause === 'upstream-own-502')![2]
  t.strictSame(
    explainWords(alb).map(({ product }) => product),
    ['alb'],
    'a whole line is one product’s',
  )
  t.equal(idsOf(of(alb, 'alb'))[0], 'upstream-own-502')
  const apache = '(111)Connection refused: AH00957: HTTP: attempt to connect to 10.0.0.2:80 (10.0.0.2:80) failed'
  const timeout = apache.replace('(111)Connection refused', '(110)Connection timed out')
  t.equal(idsOf(of(apache, 'apache'))[0], 'origin-refused')
  t.equal(idsOf(of(timeout, 'apache'))[0], 'connect-timeout')
  t.strictSame(idsOf(of('verify error: (10:certificate has expired)', 'nginx')), [
    'tls-cert-expired',
    'cdn-origin-tls-invalid',
  ])
})

test('a line of one product is not taken for another’s', async (t) => {
  const alone: [text: string, product: string][] = [
    [lines.find(([, , text]) => text.startsWith('2026/'))![2], 'nginx'],
    ['connect() failed (111: Connection refused) while connecting to upstream', 'nginx'],
    ['(111)Connection refused: AH00957: HTTP: attempt to connect to 10.0.0.2:80 (10.0.0.2:80) failed', 'apache'],
    ['backend boot.app: fail errno 111 (Connection refused)', 'varnish'],
    ['503 UC', 'envoy'],
    ['HTTP/1.1 502 Bad Gateway\nserver: awselb/2.0', 'alb'],
    ['HTTP/1.1 502 Bad Gateway\nVia: 1.1 google', 'google'],
    ['<html><head><title>502 Bad Gateway</title></head><body><center>nginx/1.22.1</center>', 'nginx'],
  ]
  for (const [text, product] of alone)
    t.strictSame(
      explainWords(text).map((each) => each.product),
      [product],
      text,
    )
})

test('where products disagree about a status', async (t) => {
  const [refused, silent] = elsewhere(['refused', 'silent'])
  t.match(refused!.statuses, {
    502: ['nginx', 'Caddy', 'Traefik', 'AWS ALB'],
    503: ['HAProxy', 'Envoy'],
    521: ['Cloudflare'],
  })
  t.match(silent!.statuses, { 504: ['nginx', 'HAProxy', 'Envoy'], 524: ['Cloudflare'] })
  const [who] = explainWords('503 UF')
  t.ok(who!.elsewhere.find(({ mishap }) => mishap === 'refused')?.statuses[502]?.includes('nginx'))
  t.ok(who!.elsewhere.every(({ mishap, summary }) => summary === mishaps[mishap].summary))
})

test('what nobody says', async (t) => {
  for (const text of ['', 'quite-another-thing', 'nobody ever logged this', '999', 'S', 'hello world']) {
    t.strictSame(explainWords(text), [], JSON.stringify(text))
  }
  const near: [string, string][] = [
    ['ECONNREFUSD', 'ECONNREFUSED'],
    ['SHH--', 'SH--'],
    ['backend_timout', 'backend_timeout'],
    [
      'upstream prematurly closed conection while reading upstream',
      'upstream prematurely closed connection while reading upstream',
    ],
  ]
  for (const [text, expected] of near) t.equal(nearestWord(text), expected, text)
  t.equal(nearestWord('quite-another-thing'), undefined)
})
