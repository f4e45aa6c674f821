/** `badgateway run`: how a run ends, what it says, and where its output goes. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { convert } from 'xmlbuilder2'
import { parseJournal } from '../../src/journal/log.js'
import type { RunResult } from '../../src/journal/result.js'
import { version } from '../../src/version.js'
import { assertEnded, badgateway, commandLine, lacks, main, normalised, repository, start } from './command.js'
import { failing, passing, silent, wrong } from './scenarios.js'

const chaos = { 'passing.yaml': passing, 'failing.yaml': failing, 'silent.yaml': silent }
const files = { ...chaos, chaos }

test('0 for a pass, and every report in a folder of the run', async (t) => {
  const cwd = t.testdir(files)
  const ended = await badgateway(['run', 'passing.yaml'], { cwd })
  assertEnded(
    t,
    ended,
    0,
    /^✓ passing {2}One request is reset\n {4}200 ×1, 502 connection_terminated ×1 \(/m,
    '1 passed, 0 failed',
  )
  t.equal(ended.stderr, '')
  const folder = join('reports', readlinkSync(join(cwd, 'reports/latest')))
  t.match(ended.stdout, `Reports and journals: ${folder}\n`)
  t.match(folder, /^reports\/\d{8}-\d{6}-passing$/)
  const names = ['ctrf.json', 'junit.xml', 'passing.ndjson', 'report.txt', 'result.json']
  t.same(readdirSync(join(cwd, folder)).sort(), names)
  const read = (name: string) => readFileSync(join(cwd, folder, name), 'utf8')
  t.match(read('report.txt'), '✓ passing')
  t.match(JSON.parse(read('result.json')), { verdict: 'pass', scenarios: [{ journal: `${folder}/passing.ndjson` }] })
  t.match(JSON.parse(read('ctrf.json')), { results: { summary: { tests: 1, passed: 1 } } })
  t.match(convert(read('junit.xml'), { format: 'object' }), { testsuites: { '@tests': '1', '@failures': '0' } })
  const events = parseJournal(read('passing.ndjson')).map(({ event }) => event)
  t.ok(events.includes('fault') && events.at(-1) === 'end', 'the journal is whole')
})

test('1 for a fail, 4 for a fault that never fired, and the graver of both', async (t) => {
  const cwd = t.testdir(files)
  const failed = await commandLine(['run', 'failing.yaml'], { cwd })
  assertEnded(t, failed, 1, /^✗ failing/m, 'client plain status 502: expected = 2, actual 1', '0 passed, 1 failed')
  const inconclusive = await commandLine(['run', 'silent.yaml'], { cwd })
  assertEnded(t, inconclusive, 4, /^\? silent/m, 'fault rst never fired: nothing was shown', '1 inconclusive')
  const all = await commandLine(['run', 'chaos'], { cwd })
  assertEnded(t, all, 1, '1 passed, 1 failed, 1 inconclusive')
  t.match(all.stdout, /✗ failing[\s\S]*✓ passing[\s\S]*\? silent/, 'in the order of the files')
})

test('2 for a wrong file: all problems at once with their places, nothing is run', async (t) => {
  const cwd = t.testdir({ ...files, 'wrong.yaml': wrong })
  const ended = await commandLine(['run', 'passing.yaml', 'wrong.yaml'], { cwd })
  assertEnded(
    t,
    ended,
    2,
    /^wrong\.yaml:4:\d+: hops\.app.*origni.*"origin"/m,
    /^wrong\.yaml:5:\d+: hops\.lb\.to\[0\].*"ap".*"app"/m,
    /^wrong\.yaml:5:\d+: hops\.lb\.timeouts\.read.*250ms/m,
    /^wrong\.yaml:7:\d+: clients\.plain.*loads.*"load"/m,
    /^wrong\.yaml:9:\d+: faults\[0\].*"rset".*"reset"/m,
    /^wrong\.yaml:11:\d+: expect\[0\].*"plian".*"plain"/m,
    'problems: nothing was run.',
  )
  t.equal(ended.stdout, '')
  t.notOk(existsSync(join(cwd, 'reports')), 'no folder is made')
})

test('2 for what cannot be found, with the nearest word', async (t) => {
  const cwd = t.testdir({ ...files, empty: { 'notes.txt': 'no scenario' }, 'nothing.yaml': '' })
  const cases: [args: string[], ...says: (string | RegExp)[]][] = [
    [['origin-refusd'], 'origin-refusd: ', 'did you mean "origin-refused"?'],
    [['missing.yaml'], 'missing.yaml: no such file'],
    [['empty'], 'empty: no scenario file'],
    [['*.json'], '*.json: no scenario file matches'],
    [['nothing.yaml'], /nothing\.yaml:1:1: .*empty/],
    [['passing.yaml', 'chaos/passing.yaml'], /chaos\/passing\.yaml:1:\d+: id: .*taken by passing\.yaml/],
    [['nope', 'missing.yaml'], 'nope: ', 'missing.yaml: ', '2 problems: nothing was run.'],
    [['chaos', '--filter', 'tls'], /--filter.*leave none of these scenarios: .*failing, passing, silent/],
    [['origin-refused', '--tag', 'conect'], '--tag conect: no scenario has that tag, did you mean "connect"?'],
  ]
  for (const [args, ...says] of cases) {
    assertEnded(t, await commandLine(['run', ...args], { cwd }), 2, ...says)
  }
  t.notOk(existsSync(join(cwd, 'reports')), 'no folder is made')
})

test('2 for a wrong command line, with the nearest word', async (t) => {
  const cwd = t.testdir(files)
  const run = ['run', 'passing.yaml']
  const cases: [args: string[], ...says: (string | RegExp)[]][] = [
    [[...run, '--tarce'], "unknown option '--tarce'", 'Did you mean --trace?'],
    [['rnu'], "unknown command 'rnu'", 'Did you mean run?'],
    [['help', 'rnu'], "unknown command 'rnu'", 'Did you mean run?'],
    [['--no-color', 'help', 'rnu'], "unknown command 'rnu'"],
    [['run'], "missing required argument 'scenario'"],
    [[...run, '--seed', 'x'], /--seed <n>.*'x'.*Expected a whole number from 0/],
    [[...run, '--seed', ''], 'Expected a whole number from 0'],
    [[...run, '--seed', '-1'], 'Expected a whole number from 0'],
    [[...run, '--repeat', '0'], /--repeat <n>.*'0'.*Expected a whole number from 1 to 10000/],
    [[...run, '--repeat', '1.5'], 'Expected a whole number from 1 to 10000'],
    [[...run, '--repeat', '10001'], 'Expected a whole number from 1 to 10000'],
    [[...run, '--report', 'bogus'], 'Unknown format "bogus", expected one of: text, json, junit, ctrf'],
    [[...run, '--report', 'junt'], 'did you mean "junit"?'],
    [[...run, '--report', 'junit='], 'Expected a file after "junit="'],
    [[...run, '--json', '--report', 'junit'], "json and junit can't share standard output", '--report junit=FILE'],
    [['list', 'efects'], 'did you mean "effects"?'],
    [['list', 'effects', 'passing.yaml'], 'list effects takes no files: passing.yaml'],
    [['validate'], "missing required argument 'scenario'"],
    [['init', 'here'], 'too many arguments'],
  ]
  for (const [args, ...says] of cases) {
    const ended = await commandLine(args, { cwd })
    assertEnded(t, ended, 2, ...says)
    t.equal(ended.stdout, '', args.join(' '))
  }
  t.notOk(existsSync(join(cwd, 'reports')), 'no folder is made')
})

test('help and version are asked for, so they are no mistake', async (t) => {
  const cwd = t.testdir({})
  assertEnded(t, await badgateway(['--version'], { cwd }), 0, new RegExp(`^${version}$`, 'm'))
  assertEnded(t, await commandLine(['--help'], { cwd }), 0, 'Examples:', 'Exit codes: 0 ')
  for (const command of ['run', 'list', 'validate', 'init', 'doctor']) {
    assertEnded(t, await commandLine([command, '--help'], { cwd }), 0, `Usage: badgateway ${command}`)
    assertEnded(t, await commandLine(['help', command], { cwd }), 0, `Usage: badgateway ${command}`)
  }
  const bare = await commandLine([], { cwd })
  assertEnded(t, bare, 2, 'Usage: badgateway')
})

test('--json: standard output is one document, everything else goes to standard error', async (t) => {
  const cwd = t.testdir(files)
  const ended = await commandLine(['run', 'chaos', '--json', '--trace', '--seed', '7'], { cwd })
  assertEnded(t, ended, 1)
  const result: RunResult = JSON.parse(ended.stdout)
  t.match(result, { version, engine: 'live', proxy: 'mini', seed: 7, verdict: 'fail', interrupted: false })
  t.same(
    result.scenarios.map(({ id, verdict }) => [id, verdict]),
    [
      ['failing', 'fail'],
      ['passing', 'pass'],
      ['silent', 'inconclusive'],
    ],
  )
  for (const one of result.scenarios) {
    t.match(one, {
      id: String,
      title: 'One request is reset',
      seed: 7,
      duration_ms: Number,
      faults: [{ id: 'rst', fired: one.id === 'silent' ? 0 : 1 }],
      clients: { plain: { requests: 2, attempts: 2, success_rate: Number, latency_p99_ms: Number } },
      checks: [{ name: String, verdict: String, expected: String, actual: String }],
      trace: [/^request plain-\d/],
    })
  }
  t.match(ended.stderr, /✓ passing[\s\S]*1 passed, 1 failed, 1 inconclusive[\s\S]*Reports and journals: /)
  t.equal(ended.stdout, readFileSync(join(cwd, 'reports/latest/result.json'), 'utf8'))
})

test('--report: as often as wanted, to files in folders that are made, or to standard output', async (t) => {
  const cwd = t.testdir(files)
  const to = ['--report', 'junit=out/deep/a.xml', '--report', 'json=b=c.json', '--report', 'ctrf', '--out', 'runs']
  const ended = await commandLine(['run', 'passing.yaml', ...to], { cwd })
  assertEnded(t, ended, 0)
  t.match(readFileSync(join(cwd, 'out/deep/a.xml'), 'utf8'), '<testsuites ')
  t.match(JSON.parse(readFileSync(join(cwd, 'b=c.json'), 'utf8')), { verdict: 'pass' })
  t.match(JSON.parse(ended.stdout), { reportFormat: 'CTRF' })
  t.match(ended.stderr, /✓ passing[\s\S]*Reports and journals: runs\//)
  t.notOk(existsSync(join(cwd, 'reports')))
})

test('--quiet: only what did not pass, and the summary', async (t) => {
  const cwd = t.testdir(files)
  const ended = await commandLine(['run', 'chaos', '--quiet'], { cwd })
  assertEnded(t, ended, 1, '✗ failing', '? silent', '1 passed, 1 failed')
  t.notMatch(ended.stdout, '✓ passing')
  const allPass = await commandLine(['run', 'passing.yaml', '-q'], { cwd })
  t.match(allPass.stdout, /^1 passed, 0 failed/)
})

test('--filter and --tag choose among what was found', async (t) => {
  const cwd = t.testdir({})
  const ended = await commandLine(['run', `${repository}/scenarios/causes`, '--tag', 'tls', '--filter', 'reset-on'], {
    cwd,
  })
  assertEnded(t, ended, 0, '✓ tls-reset-on-hello', '1 passed, 0 failed')
})

test('--repeat: each so often, with how often each verdict came out, and a journal of every run', async (t) => {
  const cwd = t.testdir(files)
  const ended = await commandLine(['run', 'chaos', '--repeat', '3'], { cwd })
  assertEnded(t, ended, 1, '(3 of 3 pass, ', '(3 of 3 fail, ', '(3 of 3 inconclusive, ', '1 passed, 1 failed, 1 inconc')
  const folder = join(cwd, 'reports/latest')
  const journals = readdirSync(folder).filter((name) => /^passing.*ndjson$/.test(name))
  t.same(journals.sort(), ['passing.2.ndjson', 'passing.3.ndjson', 'passing.ndjson'])
  for (const name of journals) t.match(parseJournal(readFileSync(join(folder, name), 'utf8')).at(-1), { event: 'end' })
  const { scenarios }: RunResult = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))
  t.same(
    scenarios.map(({ verdicts }) => verdicts),
    [{ fail: 3 }, { pass: 3 }, { inconclusive: 3 }],
  )
})

const tagged = (id: string, tags: string): string =>
  passing.replace('passing', id).replace('title:', `tags: ${tags}\ntitle:`)

test('scenarios of different sections stand under their names, in the order of the sections', async (t) => {
  const cwd = t.testdir({
    'a.yaml': tagged('a', '[tls]'),
    'b.yaml': tagged('b', '[connect]'),
    'c.yaml': tagged('c', '[tls]'),
  })
  const ended = await commandLine(['run', 'a.yaml', 'b.yaml', 'c.yaml'], { cwd })
  assertEnded(t, ended, 0, /^Reaching the origin\n✓ b .*\n.*\n\nTLS between proxy and origin\n✓ a .*\n.*\n✓ c .*\n/)
  t.match(readFileSync(join(cwd, 'reports/latest/report.txt'), 'utf8'), ended.stdout.split('\n\n3 passed')[0])
  const one = await commandLine(['run', 'a.yaml', 'c.yaml'], { cwd })
  assertEnded(t, one, 0, /^✓ a /)
})

test('colours are for terminals, unless somebody says no', async (t) => {
  // Both who say no in one process.
  const program = `import { commandLine } from '${repository}/dist/cli/command_line.js'
process.argv.push('--no-color')
await commandLine(['run', 'passing.yaml', '--no-color'])
process.argv.pop()
process.env.NO_COLOR = '1'
await commandLine(['run', 'passing.yaml'])`
  const cwd = t.testdir({ ...files, 'plain.mjs': program })
  const onTerminal = (words: string) =>
    start('script', ['-qefc', `${process.execPath} ${words}`, '/dev/null'], { cwd }).ended
  const coloured = await onTerminal(`${main} run passing.yaml`)
  if (coloured.code === 127) return lacks(t, 'needs script: apt-get install bsdutils')
  t.match(coloured.stdout, '\u001b[32m✓')
  t.match(coloured.stdout, '0/1 done', 'how far it is, as a live line')
  assertEnded(t, await onTerminal('plain.mjs'), 0, /✓ passing[\s\S]*1 passed[\s\S]*✓ passing[\s\S]*1 passed/)
})

test('whoever reads may leave early', async (t) => {
  const cwd = t.testdir(files)
  const command = `"${process.execPath}" "${main}" run passing.yaml failing.yaml --trace | head -n 1; exit \${PIPESTATUS[0]}`
  const ended = await start('bash', ['-c', command], { cwd }).ended
  assertEnded(t, ended, 1)
  t.match(JSON.parse(readFileSync(join(cwd, 'reports/latest/result.json'), 'utf8')), { verdict: 'fail' })
})

test('the same second gives another folder, latest is the last', async (t) => {
  const cwd = t.testdir(files)
  const run = ['run', 'passing.yaml']
  const atOnce = [badgateway(run, { cwd }), badgateway(run, { cwd }), commandLine(run, { cwd })]
  const runs = [...(await Promise.all(atOnce)), await commandLine(run, { cwd })]
  const folders = runs.map(({ stdout }) => /Reports and journals: (.*)/.exec(stdout)?.[1])
  t.equal(new Set(folders).size, 4)
  t.ok(folders.some((folder) => folder === `reports/${readlinkSync(join(cwd, 'reports/latest'))}`))
  t.equal(normalised(folders[0]!).replace(/-\d$/, ''), 'reports/<started>-passing')
})
