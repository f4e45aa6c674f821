/** `badgateway compare` and `run --rank`: what they print, and what they say of what is no run. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { assertEnded, assertGolden, badgateway, commandLine, repository, start } from './command.js'

const retries = readFileSync(join(repository, 'docs/examples/retries.yaml'), 'utf8')

/** Without times of day and durations. */
const timeless = (text: string): string =>
  text.replace(/\d{4}-\d\d-\d\d[ T][\d:.]+Z?/g, '<time>').replace(/version [\w.-]+/g, 'version <version>')

test('two runs that were left are compared', async (t) => {
  const cwd = t.testdir({ 'retries.yaml': retries, 'fewer.yaml': retries.replace('attempts: 5', 'attempts: 3') })
  const often = ['--repeat', '3', '--vary-seed', '--quiet']
  assertEnded(t, await commandLine(['run', 'retries.yaml', '--out', 'before', ...often], { cwd }), 0)
  assertEnded(t, await commandLine(['run', 'fewer.yaml', '--out', 'after', ...often], { cwd }), 1)
  const both = ['compare', 'before/latest', 'after/latest/result.json']
  const counted = ['--metric', 'success_rate', '--metric', 'amplification', '--metric', 'success_rate']
  const told = await badgateway([...both, ...counted], { cwd })
  assertEnded(t, told, 0)
  t.equal(told.stderr, '')
  assertGolden(t, 'compare.txt', timeless(told.stdout))

  const json = await commandLine([...both, '--json'], { cwd })
  t.match(JSON.parse(json.stdout), { scenarios: [{ id: 'retries', paired: true, repeats: [3, 3] }] })
  const files = ['--report', 'markdown=out/change.md', '--report', 'json=out/change.json']
  t.equal((await commandLine([...both, ...files], { cwd })).stdout, '')
  t.match(readFileSync(join(cwd, 'out/change.md'), 'utf8'), /^# Comparison of two runs\n/)
  t.equal(readFileSync(join(cwd, 'out/change.json'), 'utf8'), json.stdout)
  const all = await commandLine([...both, '--metric', 'all'], { cwd })
  assertEnded(t, all, 0, 'latency_max_ms', 'truncated')
})

test('run --rank: the clients in order, with intervals where there are several runs', async (t) => {
  const cwd = t.testdir({ 'retries.yaml': retries })
  const often = await commandLine(['run', 'retries.yaml', '--repeat', '3', '--vary-seed', '--rank', 'success_rate'], {
    cwd,
  })
  assertEnded(t, often, 0)
  const at = often.stdout.indexOf('    ranked by')
  assertGolden(t, 'run-rank.txt', often.stdout.slice(at, often.stdout.indexOf('\n\n')))
  const once = await commandLine(['run', 'retries.yaml', '--rank', 'amplification', '--baseline', 'twice', '--json'], {
    cwd,
  })
  assertEnded(t, once, 0, 'one run: an interval needs --repeat', 'difference to twice')
  t.match(JSON.parse(once.stdout), {
    scenarios: [{ ranking: { metric: 'amplification', better: 'lower', against: 'twice', repeats: 1 } }],
  })
})

test('run: 2 for what makes no sense of seeds and ranks', async (t) => {
  const cwd = t.testdir({ 'retries.yaml': retries })
  const cases: [args: string[], says: string][] = [
    [['--vary-seed'], '--vary-seed needs --repeat'],
    [['--baseline', 'once'], '--baseline needs --rank'],
    [['--rank', 'success_rat'], 'did you mean "success_rate"?'],
    [['--rank', 'success_rate', '--baseline', 'onec'], 'did you mean "once"?'],
  ]
  for (const [args, says] of cases) {
    assertEnded(t, await commandLine(['run', 'retries.yaml', ...args], { cwd }), 2, says)
  }
})

const result = (more: object = {}) => ({
  ...{ version: '0.1.0', engine: 'live', proxy: 'mini', seed: 1, verdict: 'pass', started: '2026-01-02T03:04:05.678Z' },
  ...{ interrupted: false, scenarios: [], ...more },
})
const scenario = (id: string) => ({ id, title: id, verdict: 'pass', seed: 1, clients: { plain: { success_rate: 1 } } })

test('2 for what is no run: all that is wrong, and what would be right', async (t) => {
  const cwd = t.testdir({
    good: { 'result.json': JSON.stringify(result({ scenarios: [scenario('a')] })) },
    other: { 'result.json': JSON.stringify(result({ scenarios: [scenario('b')] })) },
    bare: { 'result.json': JSON.stringify(result()) },
    reports: { latest: { 'result.json': '{}' } },
    empty: {},
    broken: { 'result.json': '{"version": ' },
    'notes.txt': 'hello',
    odd: { 'result.json': '{"version": "1", "scenarios": 3}' },
  })
  const cases: [args: string[], ...says: (string | RegExp)[]][] = [
    [['good'], /missing required argument 'second'/],
    [['good', 'nowhere'], 'nowhere: no such file or folder'],
    [['nowhere', 'neither'], 'nowhere: ', 'neither: ', '2 problems.'],
    [['good', 'notes.txt/x'], 'notes.txt/x: no such file or folder'],
    [['good', 'reports'], 'reports: not the folder of a run', 'name one, such as reports/latest'],
    [['good', 'empty'], 'empty: not the folder of a run', 'badgateway run --out DIR'],
    [['good', 'broken'], 'broken/result.json: not the result of a run, for it is no JSON'],
    [['good', 'notes.txt'], 'notes.txt: not the result of a run, for it is no JSON'],
    [['good', 'odd'], /odd\/result\.json: engine: not the result of a run: .*, and \d more such/],
    [['good', 'other'], 'no scenario in common: a in the first, b in the second'],
    [['good', 'bare'], 'no scenario in common: a in the first, none in the second'],
    [['good', 'good', '--metric', 'sucess_rate'], '--metric sucess_rate: ', 'did you mean "success_rate"?'],
    [['good', 'good', '--report', 'markdwn'], 'Unknown format "markdwn", did you mean "markdown"?'],
    [['good', 'good', '--report', 'text='], 'Expected a file after "text="'],
    [['good', 'good', '--json', '--report', 'markdown'], "markdown and json can't share standard output"],
  ]
  for (const [args, ...says] of cases) {
    const ended = await commandLine(['compare', ...args], { cwd })
    assertEnded(t, ended, 2, ...says)
    t.equal(ended.stdout, '', args.join(' '))
  }
})

test('0 whatever differs; 3 for what can not be read or written', async (t) => {
  const good = { 'result.json': JSON.stringify(result({ scenarios: [scenario('a')] })) }
  const worse = {
    'result.json': JSON.stringify(
      result({ verdict: 'fail', version: '0.0.9', scenarios: [{ ...scenario('a'), verdict: 'fail' }] }),
    ),
  }
  const cwd = t.testdir({ good, worse, 'taken.md': {} })
  const ended = await commandLine(['compare', 'worse', 'good'], { cwd })
  assertEnded(t, ended, 0, 'note: another version: 0.0.9, then 0.1.0', 'changed verdicts: a: fail, then pass')
  const full = await commandLine(['compare', 'good', 'good', '--report', 'markdown=taken.md'], { cwd })
  assertEnded(t, full, 3, 'Cannot write taken.md: it is a folder')
  if (process.getuid?.() === 0) return
  mkdirSync(join(cwd, 'locked'))
  chmodSync(join(cwd, 'locked'), 0)
  assertEnded(t, await commandLine(['compare', 'good', 'locked'], { cwd }), 3, 'Cannot read locked')
})

test('docs/compare.md shows what the commands print', async (t) => {
  const docs = (...options: string[]) =>
    start(process.execPath, ['.ci/compare.mjs', ...options], { cwd: repository }).ended
  if (process.env.GOLDEN === 'write') assertEnded(t, await docs(), 0)
  assertEnded(t, await docs('--check'), 0, 'docs/compare.md is current')
})
