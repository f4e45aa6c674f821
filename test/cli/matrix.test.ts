/** `badgateway matrix` as a user meets it: what it prints and where, bad words, what this machine lacks, Ctrl-C, exit codes. */
import { once } from 'node:events'
import { readFileSync, symlinkSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Matrix } from '../../src/journal/matrix_result.js'
import { installed, ownTemporary } from '../live/proxies/real.js'
import { assertEnded, badgateway, commandLine, main, start, until } from './command.js'
import { long, onPort, passing, silent } from './scenarios.js'

t.test('a table on standard output, how far it is on standard error; 0 whatever the answers are', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing })
  const ended = await badgateway(['matrix', 'passing.yaml', '--proxy', 'mini,mini:nginx'], { cwd })
  assertEnded(t, ended, 0)
  t.match(ended.stdout, 'passing  One request is reset')
  t.match(ended.stdout, /^ {4}mini {8}502 {2}recv\(\) failed \(104: Connection reset by peer\)/m)
  t.match(ended.stdout, /^ {2}passing {2}502 {9}502$/m)
  t.match(ended.stdout, '1 cause at 2 proxies, different answers in 0, 2 of 2 cells with an answer')
  t.equal(ended.stderr, '1/1 causes\n')
  const json = await commandLine(['matrix', 'passing.yaml', '--proxy', 'mini', '--json', '--seed', '9'], { cwd })
  const result: Matrix = JSON.parse(json.stdout)
  t.match(result, {
    seed: 9,
    rows: [{ id: 'passing', client: 'plain', cells: { mini: { status: 502, log: /^recv/ } } }],
  })
})

t.test('reports: one on standard output, others in files', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing })
  const args = ['matrix', 'passing.yaml', '--proxy', 'mini']
  for (const [option, begin] of [
    ['--markdown', '# Causes at proxies\n'],
    ['--html', '<!doctype html>\n'],
  ] as const) {
    const ended = await commandLine([...args, option], { cwd })
    assertEnded(t, ended, 0)
    t.ok(ended.stdout.startsWith(begin), option)
  }
  const files = await commandLine([...args, '--report', 'json=a/m.json', '--report', 'html=a/m.html'], { cwd })
  assertEnded(t, files, 0)
  t.equal(files.stdout, '')
  t.equal(JSON.parse(readFileSync(join(cwd, 'a/m.json'), 'utf8')).rows[0].id, 'passing')
  t.match(readFileSync(join(cwd, 'a/m.html'), 'utf8'), '</html>')
  const taken = await commandLine([...args, '--report', 'json=passing.yaml/m.json'], { cwd })
  assertEnded(t, taken, 3, 'passing.yaml/m.json')
})

t.test('2 for words that nobody knows, and nothing is run', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing })
  const table: [args: string[], says: string][] = [
    [['--proxy', 'mini,ngnix'], 'Unknown proxy "ngnix", did you mean "nginx"?'],
    [['--proxy', 'mini:ngnix'], 'Unknown proxy "mini:ngnix", did you mean "mini:nginx"?'],
    [['--proxy', 'squid'], 'Unknown proxy "squid", expected one of: mini, nginx, '],
    [['--proxy', ''], 'Unknown proxy "", expected one of: mini, '],
    [['--proxy', 'http://127.0.0.1:80'], 'A matrix takes proxies by name, not http://127.0.0.1:80'],
    [['--json', '--html'], "json and html can't share standard output: write --report html=FILE"],
    [['--report', 'jsn'], 'Unknown format "jsn", did you mean "json"?'],
    [['--seed', '-1'], 'seed'],
    [['no-such-cause'], 'no such file, folder or id of a scenario'],
  ]
  for (const [args, says] of table) {
    const ended = await commandLine(['matrix', 'passing.yaml', ...args], { cwd })
    assertEnded(t, ended, 2, says)
    t.equal(ended.stdout, '')
  }
})

t.test('3 for a proxy that is not installed; by default it is left out', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing, bin: {} })
  symlinkSync(process.execPath, join(cwd, 'bin/node'))
  const run = (...args: string[]) =>
    start(
      '/usr/bin/env',
      [`PATH=${join(cwd, 'bin')}`, process.execPath, main, 'matrix', 'passing.yaml', '--json', ...args],
      { cwd },
    ).ended
  assertEnded(
    t,
    await run('--proxy', 'mini,nginx'),
    3,
    'nginx is not installed. Install it: apt-get install nginx-light',
  )
  const rest = await run()
  assertEnded(t, rest, 0, 'Left out: nginx is not installed. Install it: apt-get install nginx-light')
  t.same(Object.keys(JSON.parse(rest.stdout).versions), ['mini'])
})

t.test('4 for a cause that did not show, 3 for a run that broke off', async (t) => {
  const occupant = createServer().listen(0, '127.0.0.1')
  await once(occupant, 'listening')
  t.teardown(() => occupant.close())
  const { port } = occupant.address() as AddressInfo
  const cwd = t.testdir({ 'silent.yaml': silent, 'passing.yaml': passing, 'port.yaml': onPort(port) })
  const run = (...files: string[]) => commandLine(['matrix', ...files, '--proxy', 'mini'], { cwd })
  const says = ['fault rst never fired: nothing was shown', '1 of 2 cells with an answer, 1 inconclusive']
  assertEnded(t, await run('silent.yaml', 'passing.yaml'), 4, ...says)
  assertEnded(t, await run('silent.yaml', 'port.yaml'), 3, `Port ${port} for hop "app" is taken`, '1 broke off')
})

t.test('Ctrl-C: what ended is told, and no proxy is left', async (t) => {
  const product = await installed(t, 'nginx')
  if (!product) return
  const temporary = ownTemporary(t)
  const cwd = t.testdir({ 'long.yaml': long, 'passing.yaml': passing })
  const args = [main, 'matrix', 'passing.yaml', 'long.yaml', '--proxy', 'nginx', '--json']
  const { child, ended } = start(process.execPath, args, { cwd, env: { TMPDIR: temporary.folder } })
  await new Promise<void>((seen) => child.stderr!.on('data', (text) => `${text}`.includes('1/2 causes') && seen()))
  await until(() => /nginx: master process/.test(temporary.processes().join()))
  child.kill('SIGINT')
  const { code, stdout } = await ended
  t.equal(code, 130)
  const result: Matrix = JSON.parse(stdout)
  t.same(result.versions, { nginx: product.name.split(' ')[1] })
  t.match(result, { interrupted: true, rows: [{ cells: { nginx: { status: 502, log: /^recv/ } } }, { cells: {} }] })
  t.same(result.rows[1]!.cells, {})
  // Who was killed with its group has yet to die: nobody waits for that.
  await until(() => temporary.processes().length === 0)
  t.same([temporary.files(), temporary.processes()], [[], []])
})
