/**
 * `badgateway run --proxy` as a user meets it: what is wrong with the command line, what this machine lacks, and that
 * nothing outlives a run that is interrupted or killed.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { parseJournal } from '../../src/journal/log.js'
import type { RunResult } from '../../src/journal/result.js'
import { installed, ownTemporary } from '../live/proxies/real.js'
import { assertEnded, badgateway, commandLine, main, start, until } from './command.js'
import { long, passing } from './scenarios.js'

const WORDS = { NO_SKIP: '' }

t.test('2 for a proxy that is none, and for options that do not go together', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing })
  const table: [args: string[], ...says: string[]][] = [
    [['--proxy', 'ngnix'], 'Unknown proxy "ngnix", did you mean "nginx"?'],
    [['--proxy', 'squid'], 'Unknown proxy "squid", expected one of: nginx, '],
    [
      ['--proxy', 'http://10.1.2.3:80'],
      '--proxy http://10.1.2.3 is not on this machine: no traffic leaves loopback without --allow-remote',
    ],
    [['--proxy', 'http://example.com:81'], '--proxy http://example.com:81 is not on this machine'],
    [['--proxy', 'https://127.0.0.1:8443'], 'Expected http://HOST:PORT, without a path'],
    [['--proxy', 'http://127.0.0.1:80/a'], 'Expected http://HOST:PORT, without a path'],
    [['--proxy', 'http://127.0.0.1:99999'], 'Expected http://HOST:PORT, without a path'],
    [['--proxy-bin', '/usr/sbin/nginx'], '--proxy-bin is the program of a proxy with a name'],
    [['--proxy', 'http://127.0.0.1:80', '--proxy-bin', '/x'], '--proxy-bin is the program of a proxy with a name'],
    [['--proxy', 'nginx', '--proxy-upstream-port', '9001'], '--proxy-upstream-port is for a proxy that you run'],
    [['--proxy', 'nginx', '--allow-remote'], '--allow-remote is for a proxy that you run'],
    [
      ['--proxy', 'http://127.0.0.1:80', '--proxy-upstream-port', '9001,9001'],
      'Expected different ports from 1 to 65535',
    ],
    [['--proxy', 'http://127.0.0.1:80', '--proxy-upstream-port', 'x'], 'Expected different ports from 1 to 65535'],
  ]
  for (const [args, ...says] of table) {
    assertEnded(t, await commandLine(['run', 'passing.yaml', ...args], { cwd }), 2, ...says)
    t.notOk(existsSync(join(cwd, 'reports')), 'nothing was run')
  }
})

t.test('3 where the program is missing, or another one', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing, bin: {}, 'no-program': 'x' })
  // No nginx there, but what the command itself is run with.
  symlinkSync(process.execPath, join(cwd, 'bin/node'))
  const env = { PATH: join(cwd, 'bin') }
  const missing = start(
    '/usr/bin/env',
    [`PATH=${env.PATH}`, process.execPath, main, 'run', 'passing.yaml', '--proxy', 'nginx'],
    { cwd },
  )
  assertEnded(t, await missing.ended, 3, 'nginx is not installed. Install it: apt-get install nginx-light')
  const run = (program: string) =>
    commandLine(['run', 'passing.yaml', '--proxy', 'nginx', '--proxy-bin', program], { cwd })
  assertEnded(t, await run('/no/such/nginx'), 3, '--proxy-bin /no/such/nginx does not exist. Name the program of nginx')
  assertEnded(t, await run(join(cwd, 'no-program')), 3, 'no-program may not be run')
  assertEnded(t, await run(script(cwd, 'echo "curl 8.1"')), 3, /is not nginx: asked for its version, it says curl 8\.1/)
  t.notOk(existsSync(join(cwd, 'reports')), 'nothing was run')
})

t.test('3 for a program that dies at start: its own words', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing })
  const program = script(
    cwd,
    `if [ "$1" = -v ]; then echo "nginx version: nginx/9.9.9"; else echo "nginx: [emerg] the moon is full" >&2; exit 1; fi`,
  )
  const ended = await commandLine(['run', 'passing.yaml', '--proxy', 'nginx', '--proxy-bin', program], { cwd })
  assertEnded(
    t,
    ended,
    3,
    '! passing',
    'nginx 9.9.9 did not start for hop "lb": [emerg] the moon is full',
    'proxy nginx 9.9.9',
  )
})

const nginx = await installed(t, 'nginx')

if (nginx) {
  t.test('a real nginx: the result names it, and says what was not judged', async (t) => {
    const temporary = ownTemporary(t)
    const cwd = t.testdir({ 'passing.yaml': passing })
    const env = { ...WORDS, TMPDIR: temporary.folder }
    const ended = await badgateway(['run', 'passing.yaml', '--proxy', 'nginx', '--trace'], { cwd, env })
    assertEnded(t, ended, 0, '✓ passing', `GET /  (${nginx.name})`, `proxy ${nginx.name}`)
    const result: RunResult = JSON.parse(readFileSync(join(cwd, 'reports/latest/result.json'), 'utf8'))
    t.equal(result.proxy, nginx.name)
    // Who was killed with its group has yet to die: nobody waits for that.
    await until(() => temporary.processes().length === 0)
    t.same([temporary.files(), temporary.processes()], [[], []])
  })

  t.test('what is skipped: 0, and 3 where none is allowed', async (t) => {
    const cwd = t.testdir({ 'queue.yaml': passing.replace('to: [app]', 'to: [app], queue: { size: 1 }') })
    const args = ['run', 'queue.yaml', '--proxy', 'nginx']
    const says = ['– passing', 'queue of hop lb: nginx queues no requests', '1 skipped']
    assertEnded(t, await commandLine(args, { cwd, env: WORDS }), 0, ...says)
    assertEnded(t, await commandLine([...args, '--no-skip'], { cwd, env: WORDS }), 3, ...says)
    assertEnded(t, await commandLine(args, { cwd, env: { NO_SKIP: '1' } }), 3, ...says)
  })

  t.test('3 for a fixed port that is taken', async (t) => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => occupant.once('listening', done))
    t.teardown(() => occupant.close())
    const { port } = occupant.address() as { port: number }
    const cwd = t.testdir({ 'taken.yaml': passing.replace('to: [app]', `to: [app], port: ${port}`) })
    const ended = await commandLine(['run', 'taken.yaml', '--proxy', 'nginx'], { cwd })
    assertEnded(t, ended, 3, `Port ${port} for hop "lb" is taken. Free the port, or leave "port" of hops.lb out`)
  })

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const) {
    t.test(`${signal}: neither nginx nor its files outlive the run`, async (t) => {
      const temporary = ownTemporary(t)
      const cwd = t.testdir({ 'long.yaml': long })
      const { child, ended } = start(process.execPath, [main, 'run', 'long.yaml', '--proxy', 'nginx'], {
        cwd,
        env: { TMPDIR: temporary.folder },
      })
      await until(() => requestsIn(cwd) > 1)
      t.match(temporary.processes().join('\n'), /nginx: master process/, 'it runs')
      child.kill(signal)
      t.equal((await ended).code, code)
      // Whoever was killed can't wait for it: the shell that keeps it does.
      await until(() => temporary.processes().length === 0 && temporary.files().length === 0)
      t.same([temporary.files(), temporary.processes()], [[], []])
    })
  }
}

function requestsIn(cwd: string): number {
  const reports = join(cwd, 'reports')
  const [folder] = existsSync(reports) ? readdirSync(reports) : []
  const file = folder && join(reports, folder, 'long.ndjson')
  return file && existsSync(file)
    ? parseJournal(readFileSync(file, 'utf8')).filter(({ event }) => event === 'request').length
    : 0
}

/** A program in the place of nginx. */
function script(cwd: string, body: string): string {
  const path = join(cwd, 'program')
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}
