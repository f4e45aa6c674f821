/** `badgateway explain`: what a cause is with a real run of it, and which causes end in a certain way. */
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { productNames, products } from '../../src/words/index.js'
import { assertEnded, assertGolden, commandLine, lacks, main, normalised, start } from './command.js'
import { failing, passing, silent } from './scenarios.js'

/** Two tries that read alike in the log, and one that does not. */
const own = `id: own
title: Twice a reset, once a wait for nothing
sources: [curl-status-guide]
hops: { app: { kind: origin }, lb: { kind: proxy, to: [app], timeouts: { read: 50ms } } }
clients: { plain: { to: lb, load: { requests: 3 } } }
faults:
  - { id: rst, on: app, at: request_head, effect: reset, first: 2 }
  - { id: silent, on: app, at: request_head, effect: stall, after: 2 }
expect:
  - { client: plain, status: 502, count: "= 2" }
  - { client: plain, status: 504, count: "= 1" }
  - { proxy: lb, error: connection_terminated, stage: response_head, count: "= 2" }
about: |
  What to look for: two answers at once, and one that is late.
  The usual fix: none.
`

test('what the file says, nginx’s words, the run hop by hop, the verdict', async (t) => {
  const cwd = t.testdir({ 'own.yaml': own })
  const ended = await commandLine(['explain', 'own.yaml'], { cwd })
  assertEnded(t, ended, 0)
  t.equal(ended.stderr, '')
  assertGolden(t, 'explain-own.txt', normalised(ended.stdout))
  t.same(readdirSync(cwd), ['own.yaml'], 'leaves nothing behind')
})

test('a cause of the catalogue, by its id', async (t) => {
  const ended = await commandLine(['explain', 'origin-refused'], { cwd: t.testdir({}) })
  assertEnded(
    t,
    ended,
    0,
    /^origin-refused {2}Nobody listens/,
    'cause    gone: refuse at connect of app',
    'type     connection_refused at connect\nstatus   502\nsources  ',
    /^What to look for: /m,
    /^ {2}lb: \[error\] connect\(\) failed \(111: Connection refused\) while connecting to upstream, client: .* \(5 lines/m,
    /^ {2}lb +X-Proxy-Error: upstream_refused/m,
    /^✓ origin-refused/m,
  )
})

test('a run that does not pass says so, with the exit code of a run', async (t) => {
  const cwd = t.testdir({ 'failing.yaml': failing, 'silent.yaml': silent, 'fine.yaml': passing })
  assertEnded(t, await commandLine(['explain', 'failing.yaml'], { cwd }), 1, /^✗ failing/m, 'expected = 2, actual 1')
  assertEnded(t, await commandLine(['explain', 'silent.yaml'], { cwd }), 4, /^\? silent/m, 'never fired')
  assertEnded(
    t,
    await commandLine(['explain', 'fine.yaml'], { cwd }),
    0,
    /^cause {4}rst: reset at request_head of app$/m,
  )
})

test('words of a product: what they mean, the causes, and who says otherwise', async (t) => {
  const cwd = t.testdir({})
  const line =
    '2026/11/20 17:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1'
  const cases: [named: string, title: string | RegExp, cause: string][] = [
    ['504', /^504: \d+ causes of the catalogue, by what went wrong$/m, 'response-timeout'],
    ['connection_refused', 'RFC 9209: connection_refused\n  The connection was refused.\n', 'origin-refused'],
    ['upstream_timeout', 'badgateway: upstream_timeout\n', 'response-timeout'],
    [line, 'nginx: connect() failed (111: Connection refused) while connecting to upstream\n', 'origin-refused'],
    ['upstream timed out', 'nginx: upstream timed out (110: Connection timed out) while reading', 'response-timeout'],
    ['SH--', 'HAProxy: SH--\n', 'empty-response'],
    ['UC', 'Envoy: UC\n', 'keepalive-race'],
    ['upstream: "http://127.0.0.254:', 'that line of a log: one cause of the catalogue', 'dns-stale-address'],
  ]
  for (const [named, title, cause] of cases) {
    const ended = await commandLine(['explain', named], { cwd })
    assertEnded(t, ended, 0, title, cause, 'of the catalogue', 'badgateway explain <id>')
    t.notMatch(ended.stdout, 'tls-cert-expired', 'and no others')
  }
})

test('a status of many: who answers so, and who otherwise; a line: what the client gets from each', async (t) => {
  const cwd = t.testdir({})
  const status = await commandLine(['explain', '502'], { cwd })
  const refused =
    /the connection was refused\n {4}502 nginx, .*; 503 HAProxy, Envoy, .*; 521 Cloudflare\n {4}causes: origin-refused, /
  assertEnded(
    t,
    status,
    0,
    refused,
    'Where each says which it was',
    /^ {2}HAProxy: The HTTP log: the termination state/m,
  )
  const line =
    '10.0.0.1:5 [26/Nov/2026:09:00:00.000] fe be/<NOSRV> 0/0/-1/-1/0 503 217 - - SC-- 1/1/0/0/3 0/0 "GET / HTTP/1.1"'
  const whole = await commandLine(['explain', line], { cwd })
  assertEnded(
    t,
    whole,
    0,
    'HAProxy: SC--',
    'HAProxy: <NOSRV>',
    /likeliest first\n {4}no-live-upstreams /,
    'What the client gets then',
  )
})

test('as JSON', async (t) => {
  const cwd = t.testdir({ 'own.yaml': own })
  const json = async (...args: string[]) =>
    JSON.parse((await commandLine(['explain', '--json', ...args], { cwd })).stdout)
  const { asked, explanations } = await json('UF')
  t.equal(asked, 'UF')
  t.match(explanations, [
    {
      product: 'envoy',
      words: [{ word: 'UF' }],
      causes: [{ id: 'origin-refused', title: /^Nobody listens/, agrees: 1 }],
    },
  ])
  t.match(explanations[0].elsewhere[0], { mishap: 'refused', statuses: { 502: [], 503: [], 521: ['Cloudflare'] } })
  t.match(await json('own.yaml'), { id: 'own', statuses: [502, 504], types: ['connection_terminated'], about: /^What/ })
  t.match(await json('--', '----'), { explanations: [{ product: 'haproxy' }] })
})

test('2 for what nobody knows, with the nearest word', async (t) => {
  const cwd = t.testdir({ 'fine.yaml': passing, chaos: { 'a.yaml': passing, 'b.yaml': silent }, 'x.yaml': 'id: x' })
  const cases: [args: string[], ...says: (string | RegExp)[]][] = [
    [['origin-refusd'], 'origin-refusd: no such file or id, and no product says so, did you mean "origin-refused"?'],
    [['conection_refused'], 'did you mean "connection_refused"?'],
    [['quite-another-thing'], '"badgateway list" shows the ids'],
    [['nobody ever logged this'], 'nor does a cause of the catalogue expect it in a log'],
    [['SHH--'], 'did you mean "SH--"?'],
    [['ECONNREFUSD'], 'did you mean "ECONNREFUSED"?'],
    [['chaos'], /chaos: expected one scenario; got 2: chaos\/a\.yaml, chaos\/b\.yaml/],
    [['x.yaml'], 'x.yaml:1:1: '],
    [[], "missing required argument 'what'"],
    [['504', '502'], 'too many arguments'],
    [['504', '--tarce'], "unknown option '--tarce'"],
  ]
  for (const [args, ...says] of cases) {
    const ended = await commandLine(['explain', ...args], { cwd })
    assertEnded(t, ended, 2, ...says)
    t.equal(ended.stdout, '', args.join(' '))
  }
  assertEnded(t, await commandLine(['explain', '--help'], { cwd }), 0, 'Usage: badgateway explain', 'Examples:')
})

test('colours are for terminals', async (t) => {
  const cwd = t.testdir({ 'own.yaml': own })
  const command = `${process.execPath} ${main} explain own.yaml`
  const ended = await start('script', ['-qefc', command, '/dev/null'], { cwd }).ended
  if (ended.code === 127) return lacks(t, 'needs script: apt-get install bsdutils')
  t.equal(ended.code, 0)
  t.match(ended.stdout, '\u001b[1mWhat to look for:\u001b[22m two answers')
})

test('docs/explain.md has what the command prints', async (t) => {
  const page = readFileSync('docs/explain.md', 'utf8')
  const examples = [...page.matchAll(/```console\n\$ badgateway explain (.*)\n([\s\S]*?)```/g)]
  t.equal(examples.length, 3)
  for (const [, asked, expected] of examples) {
    const words = asked!.match(/'[^']*'|\S+/g)!.map((word) => word.replaceAll("'", ''))
    const { stdout } = await commandLine(['explain', ...words], { cwd: t.testdir({}) })
    t.equal(stdout, expected, `${asked}: node .ci/explain.mjs writes it anew`)
  }
  for (const name of productNames) t.match(page, `| ${products[name].title} | ${products[name].source} |`)
})
