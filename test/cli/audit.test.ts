/** `badgateway audit`: what it says of real clients, how it ends, where its output goes, and what it can't take. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import tap, { test } from 'tap'
import { convert } from 'xmlbuilder2'
import type { AuditRun } from '../../src/audit/result.js'
import { libraries } from '../../src/clients/index.js'
import { version } from '../../src/version.js'
import { assertEnded, badgateway, commandLine, lacks, main, repository, runsIn, start, until } from './command.js'

tap.setTimeout(300_000)
/** Where one waits for a client, the next has the machine. Command lines of `commandLine` come one after the other. */
tap.jobs = 3

/** Two rules that are there for good: one is about attempts, one about time. */
const RULES = ['--rule', 'retries-502', '--rule', 'honours-retry-after']
const ONE = ['--rule', 'retries-502']
/** At fifty times the speed, a busy machine looks like a client that waits. */
const REAL = ['--time-scale', '1']

/** One attempt; as many as it takes, at once; never an answer to a 503. And what they are called. */
const files = {
  'clients.mjs': `
export const once = (url, init) => fetch(url, init)
export async function hasty(url, init) {
  for (;;) {
    const response = await fetch(url, init)
    if (response.status < 500) return response
    await response.text()
  }
}
export async function stuck(url, init) {
  const response = await fetch(url, init)
  return response.status === 503 ? new Promise((resolve) => setTimeout(resolve, 1e8)) : response
}
export const name = 'no function'
`,
  'typed.ts': 'export const send = (url: string, init: RequestInit): Promise<Response> => fetch(url, init)\n',
  'broken.mjs': 'export const send = (',
}

const resultIn = (cwd: string): AuditRun => JSON.parse(readFileSync(join(cwd, 'reports/latest/result.json'), 'utf8'))

test('0 when no rule fails, a line for each, and every report in a folder', async (t) => {
  const cwd = t.testdir({})
  const ended = await badgateway(['audit', 'got', ...RULES], { cwd })
  assertEnded(t, ended, 0, /^got \d+\.\d+\.\d+ \(library, its clock 50 times as fast\)$/m)
  assertEnded(
    t,
    ended,
    0,
    /^✓ retries-502 {2}.+\n✓ honours-retry-after {2}.+$/m,
    /: 2 passed, 0 failed \(.*, seed 1\)$/m,
  )
  t.equal(ended.stderr, '')
  const folder = join('reports', readlinkSync(join(cwd, 'reports/latest')))
  t.match(folder, /^reports\/\d{8}-\d{6}-audit-got$/)
  t.match(ended.stdout, `Reports: ${folder}\n`)
  t.same(readdirSync(join(cwd, folder)).sort(), ['ctrf.json', 'junit.xml', 'report.md', 'report.txt', 'result.json'])
  t.match(resultIn(cwd), {
    version,
    node: process.versions.node,
    seed: 1,
    verdict: 'pass',
    interrupted: false,
    audits: [
      {
        subject: 'got',
        kind: 'library',
        versions: { got: String },
        time_scale: 50,
        rules: [
          { rule: 'retries-502', verdict: 'pass', because: String, summary: String, why: String },
          { rule: 'honours-retry-after', verdict: 'pass' },
        ],
      },
    ],
  })
})

test('1 when a rule fails, with what servers saw, what was expected and why', async (t) => {
  const cwd = t.testdir(files)
  const ended = await badgateway(['audit', './clients.mjs#once', ...ONE, '--seed', '7'], { cwd })
  assertEnded(t, ended, 1, /^✗ retries-502 {2}.+\n(?: {4}.+\n)* {4}Expected: .+\n(?: {4}.+\n)* {4}Why: /m, 'seed 7)')
  t.match(ended.stdout, /0 passed, 1 failed/)
  const { audits } = resultIn(cwd)
  t.match(audits, [{ subject: './clients.mjs#once', kind: 'module', seed: 7, rules: [{ verdict: 'fail' }] }])
  t.ok(audits[0]!.rules[0]!.evidence.length > 0)
})

test('several clients of every kind, one after the other', async (t) => {
  const cwd = t.testdir(files)
  const program = [
    '--',
    process.execPath,
    '-e',
    'fetch(process.env.BADGATEWAY_URL).then((r) => process.exit(r.ok ? 0 : 1))',
  ]
  const args = ['audit', './typed.ts', 'got', ...ONE, '--json', '--time-scale', '10', ...program]
  const ended = await commandLine(args, { cwd })
  assertEnded(t, ended, 1)
  const { audits, verdict }: AuditRun = JSON.parse(ended.stdout)
  t.equal(verdict, 'fail')
  t.same(
    audits.map(({ subject, kind, time_scale, rules }) => [subject, kind, time_scale, rules.length]),
    [
      ['./typed.ts', 'module', 10, 1],
      ['got', 'library', 10, 1],
      [program.slice(1).join(' '), 'command', 1, 1],
    ],
  )
  t.match(ended.stderr, /^\.\/typed\.ts \(own module, its clock 10 times as fast\)\n✗ retries-502/m)
  t.match(ended.stderr, /^\ngot \d.*\n✓ retries-502/m)
  t.match(ended.stderr, /\(program, in real time\)\n✗ retries-502[\s\S]*Reports: reports\/.*-audit-3-clients\n$/)
  t.equal(ended.stdout, readFileSync(join(cwd, 'reports/latest/result.json'), 'utf8'))
})

test('a real program: curl, which was told to try again', async (t) => {
  const cwd = t.testdir({})
  if ((await start('sh', ['-c', 'command -v curl'], { cwd }).ended).code !== 0)
    return lacks(t, 'needs curl: apt-get install curl')
  const ended = await commandLine(['audit', ...ONE, '--', 'curl', '--silent', '--retry', '2', '{url}'], { cwd })
  assertEnded(t, ended, 0, /^curl --silent --retry 2 \{url\} \(curl .*\) \(program, in real time\)\n✓ retries-502/m)
  t.match(readlinkSync(join(cwd, 'reports/latest')), /-audit-curl-silent-retry-2-url$/)
})

test('--quiet: only what is not well, and the summary', async (t) => {
  const cwd = t.testdir(files)
  const well = await commandLine(['audit', 'got', ...RULES, '--quiet'], { cwd })
  assertEnded(t, well, 0)
  t.match(well.stdout, /^got \d+\.\d+\.\d+: 2 passed, 0 failed .*\nReports: .*\n$/)
  const failed = await commandLine(['audit', './clients.mjs#hasty', ...RULES, ...REAL, '-q'], { cwd })
  assertEnded(t, failed, 1)
  t.match(failed.stdout, /^\.\/clients\.mjs#hasty \(.*\n✗ honours-retry-after/)
  t.notMatch(failed.stdout, '✓')
})

test('--report: to files in folders that are made, or to standard output; --out', async (t) => {
  const cwd = t.testdir(files)
  const to = ['--report', 'junit=out/deep/a.xml', '--report', 'ctrf=c.json', '--report', 'markdown', '--out', 'runs']
  const ended = await commandLine(['audit', './clients.mjs#once', ...RULES, ...to], { cwd })
  assertEnded(t, ended, 1)
  t.match(convert(readFileSync(join(cwd, 'out/deep/a.xml'), 'utf8'), { format: 'object' }), {
    testsuites: { '@tests': '2', '@failures': '1' },
  })
  t.match(JSON.parse(readFileSync(join(cwd, 'c.json'), 'utf8')), { results: { summary: { tests: 2, failed: 1 } } })
  t.match(ended.stdout, /^# Audit\n[\s\S]*### ✗ retries-502/)
  t.match(ended.stderr, /✗ retries-502[\s\S]*Reports: runs\//)
  t.notOk(existsSync(join(cwd, 'reports')))
})

test('--baseline: what failed before is no failure, what is worse is one, what is better is told', async (t) => {
  const cwd = t.testdir({ ...files, 'client.mjs': "export { once } from './clients.mjs'" })
  const audit = (...more: string[]) => commandLine(['audit', './client.mjs', ...more], { cwd })
  assertEnded(t, await audit(...RULES, '--report', 'json=once.json'), 1)
  const again = await audit(...RULES, '--baseline', 'once.json')
  assertEnded(t, again, 0, /^✗ retries-502/m, 'Against once.json (', ': nothing is worse, 1 fails as before')
  assertEnded(t, await audit('--rule', 'honours-retry-after', '--baseline', 'once.json'), 4, 'nothing is worse')
  writeFileSync(join(cwd, 'client.mjs'), "export { hasty } from './clients.mjs'")
  const other = await audit(...RULES, ...REAL, '--baseline', 'once.json', '--json')
  assertEnded(
    t,
    other,
    1,
    /worse {6}honours-retry-after: not applicable -> fail/,
    /better {5}retries-502: fail -> pass/,
  )
  t.match(JSON.parse(other.stdout), {
    verdict: 'fail',
    audits: [
      {
        against: {
          file: 'once.json',
          worse: [{ rule: 'honours-retry-after', before: 'not_applicable', now: 'fail' }],
          better: [{ rule: 'retries-502', before: 'fail', now: 'pass' }],
        },
      },
    ],
  })
})

test('2 for what can’t be meant, all of it at once, and nothing is run', async (t) => {
  const run = { version, scenarios: [] }
  const other = { version, audits: [{ subject: 'ky', versions: {}, started: '', interrupted: false, rules: [] }] }
  const results = { 'no.json': '{ "audits": ', 'run.json': JSON.stringify(run), 'other.json': JSON.stringify(other) }
  const cwd = t.testdir({ ...files, ...results, folder: {} })
  const names = Object.keys(libraries).join(', ')
  const cases: [args: string[], ...says: (string | RegExp)[]][] = [
    [[], 'name a client: a library, a file of yours, or a program behind --'],
    [['gto'], 'unknown client "gto", did you mean "got"?', '"badgateway list clients" has all'],
    [['zzzzzzzz'], `unknown client "zzzzzzzz", expected one of: ${names}`],
    [['toString'], 'unknown client "toString"'],
    [['./missing.mjs'], './missing.mjs: there is no such file'],
    [['./clients.mjs#hastyy'], 'has no export "hastyy", did you mean "hasty"?', 'hasty, once, stuck'],
    [['./clients.mjs#name'], 'its export "name" is no function'],
    [['./clients.mjs'], /say which export is the client.*hasty, once, stuck/],
    [['./broken.mjs'], './broken.mjs', 'it could not be loaded'],
    [['got', 'got'], 'got is named twice'],
    [['got', '--'], 'a program is missing after --'],
    [['got', '--rule', 'retries-520'], '--rule retries-520: no rule is called so, did you mean "retries-502"?'],
    [['got', '--report', 'html'], /Unknown format "html", expected one of: text, json, junit, ctrf, markdown/],
    [['got', '--report', 'junt'], 'did you mean "junit"?'],
    [['got', '--json', '--report', 'junit'], "json and junit can't share standard output"],
    [['got', '--time-scale', '0'], 'Expected a whole number from 1 to 1000'],
    [['--time-scale', '5', '--', 'true'], '--time-scale is for libraries and files of yours'],
    [['--lines'], '--lines is for a program behind --', 'name a client'],
    [['--lines', 'got'], '--lines is for a program behind --'],
    [['--lines', '--'], 'a program is missing after --, as in: badgateway audit --lines -- python3 client.py'],
    [['--lines', '--', 'cat', '{url}'], 'with --lines a program reads each URL from a line'],
    [['--lines', '--time-scale', '5', '--', 'cat'], '--time-scale is for libraries and files of yours'],
    [['--lines', '--', 'sh', '-c', `echo '{"ready": true, "can": ["mny"]}'; cat`], 'did you mean "many"?'],
    [['got', '--seed', 'x'], 'Expected a whole number from 0'],
    [['got', '--baseline', 'none.json'], 'none.json: no such file'],
    [['got', '--baseline', 'folder'], 'folder: a folder: name the result in it, folder/result.json'],
    [['got', '--baseline', 'no.json'], 'no.json: not the result of an audit, for it is no JSON'],
    [['got', '--baseline', 'run.json'], 'run.json: not the result of an audit, but of "badgateway run"'],
    [['got', '--baseline', 'other.json'], 'other.json: a baseline of ky: it tells nothing of got'],
    [
      ['gto', './no.mjs', '--rule', 'x', '--baseline', 'no.json'],
      '"got"?',
      './no.mjs',
      '--rule x',
      'no.json',
      '4 problems: not',
    ],
  ]
  for (const [args, ...says] of cases) {
    const ended = await commandLine(['audit', ...args], { cwd })
    assertEnded(t, ended, 2, ...says)
    t.equal(ended.stdout, '', args.join(' '))
  }
  const [first, ...says] = cases[0]!
  assertEnded(t, await badgateway(['audit', ...first], { cwd }), 2, ...says)
  t.notOk(existsSync(join(cwd, 'reports')), 'no folder is made')
})

test('3 for a program that is not there, and for a disk that is full', async (t) => {
  const cwd = t.testdir({})
  assertEnded(t, await badgateway(['audit', '--', 'no-such-program', '{url}'], { cwd }), 3, 'no-such-program')
  assertEnded(t, await commandLine(['audit', '--lines', '--', 'no-such-program'], { cwd }), 3, 'no-such-program')
  const ended = await commandLine(['audit', '--lines', '--', 'sh', '-c', 'echo no settings >&2; exit 3'], { cwd })
  assertEnded(t, ended, 3, 'Before it was asked anything, sh ended with exit code 3: no settings', 'standard input')
  assertEnded(t, await commandLine(['audit', '--', './nothing', '{url}'], { cwd }), 3, './nothing')
  t.notOk(existsSync(join(cwd, 'reports')), 'no folder is made')
  const full = await commandLine(['audit', 'got', ...ONE, '--report', 'json=/dev/full'], { cwd })
  assertEnded(t, full, 3, '✓ retries-502', 'Cannot write /dev/full: the disk is full (ENOSPC)')
})

test('3 for a library that is not installed, with the command that installs it', async (t) => {
  // Elsewhere: what is below this repository finds its packages.
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'badgateway-')))
  t.teardown(() => rmSync(home, { recursive: true }))
  const [cwd, installed] = [join(home, 'project'), join(home, 'installed')]
  mkdirSync(cwd)
  cpSync(join(repository, 'dist'), join(installed, 'dist'), { recursive: true })
  cpSync(join(repository, 'package.json'), join(installed, 'package.json'))
  withoutLibraries(installed)
  const audit = (...args: string[]) =>
    start(process.execPath, [join(installed, 'dist/cli/main.js'), 'audit', ...args], { cwd }).ended
  const ended = await audit('got')
  assertEnded(t, ended, 3, /got.* not installed/, 'npm install', ' got')
  t.equal(ended.stdout, '')
  const both = await audit('got', 'gto')
  assertEnded(t, both, 2, 'did you mean "got"?')
  symlinkSync(join(repository, 'node_modules'), join(cwd, 'node_modules'))
  assertEnded(t, await audit('got', ...ONE), 0, '✓ retries-502')
})

/** What `npm install badgateway` puts beside it: what it depends on, and not what it audits. */
function withoutLibraries(folder: string): void {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    const place = join(folder, 'node_modules', name)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(join(repository, 'node_modules', name), place)
  }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${code} for ${signal}: the client is gone, what ran is reported`, async (t) => {
    const cwd = t.testdir(files)
    const args = ['audit', './clients.mjs#stuck', 'got', ...RULES, '--time-scale', '1', '--json']
    const { child, ended } = start(process.execPath, [main, ...args], { cwd })
    t.teardown(() => child.kill('SIGKILL'))
    let printed = ''
    child.stderr!.on('data', (text: string) => {
      printed += text
    })
    await until(() => printed.includes('✗ retries-502'))
    child.kill(signal)
    const all = await ended
    assertEnded(t, all, code, 'Interrupted: closing the hops and writing the report of what ran', ', interrupted (')
    const result: AuditRun = JSON.parse(all.stdout)
    t.match(result, { interrupted: true, verdict: 'fail' })
    t.same(
      result.audits.map(({ subject, interrupted, rules }) => [subject, interrupted, rules.map(({ rule }) => rule)]),
      [['./clients.mjs#stuck', true, ['retries-502']]],
    )
    t.same(resultIn(cwd), result)
    t.notOk(runsIn(cwd), 'no process of it is left')
  })
}
