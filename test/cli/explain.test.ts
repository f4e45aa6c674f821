/** `badgateway explain`: what a cause is with a real run of it, and which causes end in a certain way. */
import { readdirSync } from 'node:fs'
import { test } from 'tap'
import { assertEnded, assertGolden, badgateway, commandLine, lacks, main, normalised, start } from './command.js'
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
  const ended = await badgateway(['explain', 'own.yaml'], { cwd })
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
  assertEnded(t, await badgateway(['explain', 'failing.yaml'], { cwd }), 1, /^✗ failing/m, 'expected = 2, actual 1')
  assertEnded(t, await commandLine(['explain', 'silent.yaml'], { cwd }), 4, /^\? silent/m, 'never fired')
  assertEnded(
    t,
    await commandLine(['explain', 'fine.yaml'], { cwd }),
    0,
    /^cause {4}rst: reset at request_head of app$/m,
  )
})

test('an ending: the causes of the catalogue that end so', async (t) => {
  const cwd = t.testdir({})
  const line =
    '2026/11/20 17:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1'
  const cases: [named: string, title: string | RegExp, cause: string][] = [
    ['504', 'status 504: ', 'response-timeout'],
    ['connection_refused', 'connection_refused (RFC 9209: the connection was refused): ', 'origin-refused'],
    ['upstream_timeout', 'X-Proxy-Error: upstream_timeout: ', 'response-timeout'],
    [line, 'that line of a log: ', 'origin-refused'],
    ['upstream timed out', 'that line of a log: ', 'response-timeout'],
  ]
  for (const [named, title, cause] of cases) {
    const ended = await commandLine(['explain', named], { cwd })
    assertEnded(t, ended, 0, title, new RegExp(`^ {2}${cause} {2}`, 'm'), 'of the catalogue', 'badgateway explain <id>')
    t.notMatch(ended.stdout, /^ {2}tls-cert-expired/m, 'and no others')
  }
})

test('2 for what nobody knows, with the nearest word', async (t) => {
  const cwd = t.testdir({ 'fine.yaml': passing, chaos: { 'a.yaml': passing, 'b.yaml': silent }, 'x.yaml': 'id: x' })
  const cases: [args: string[], ...says: (string | RegExp)[]][] = [
    [['origin-refusd'], 'origin-refusd: no such file, id, status or error type, did you mean "origin-refused"?'],
    [['conection_refused'], 'did you mean "connection_refused"?'],
    [['quite-another-thing'], '"badgateway list" shows the ids'],
    [['nobody ever logged this'], 'and no cause of the catalogue expects such a line of a log'],
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
  t.match(ended.stdout, '\u001b[1mWhat to look for:\u001b[22m two answers')
})
