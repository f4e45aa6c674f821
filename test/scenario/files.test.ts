/** What a user may name on the command line, what comes of it, and what is told when nothing does. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { test } from 'tap'
import { formatProblem, ScenarioError } from '../../src/lib/errors.js'
import { findScenarioFiles, loadScenarios, readScenario, readScenarios } from '../../src/scenario/files.js'

const fixtures = resolve('test/scenario/fixtures')
const catalogue = join(fixtures, 'catalogue')
const find = (...patterns: string[]): Promise<string[]> => findScenarioFiles(patterns, fixtures, catalogue)

async function problemsOf(act: Promise<unknown>): Promise<string[]> {
  try {
    await act
    return []
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    return error.problems.map(formatProblem)
  }
}

const found: [what: string, patterns: string[], files: string[]][] = [
  ['a file', ['good/first.yaml'], ['good/first.yaml']],
  ['a file with another name', ['good/notes.txt'], ['good/notes.txt']],
  ['a folder, with all below it', ['good'], ['good/deep/second.yml', 'good/deep/third.json', 'good/first.yaml']],
  ['a folder with a slash', ['./good/deep/'], ['good/deep/second.yml', 'good/deep/third.json']],
  ['a glob, of which only scenario files count', ['good/*'], ['good/first.yaml']],
  ['a glob through folders', ['good/**/*.y*ml'], ['good/deep/second.yml', 'good/first.yaml']],
  ['a glob with alternatives', ['{good,twice}/*.yaml'], ['good/first.yaml', 'twice/a.yaml', 'twice/b.yaml']],
  ['an id of the catalogue', ['origin-refused'], ['catalogue/causes/origin-refused.yaml']],
  [
    'several in their order',
    ['twice/b.yaml', 'origin-gone', 'twice/a.yaml'],
    ['twice/b.yaml', 'catalogue/causes/origin-gone.yaml', 'twice/a.yaml'],
  ],
  [
    'the same file by several ways, once',
    ['good/first.yaml', './good/first.yaml', 'good', 'good/f*'],
    ['good/first.yaml', 'good/deep/second.yml', 'good/deep/third.json'],
  ],
]

for (const [what, patterns, files] of found) {
  test(what, async (t) => t.strictSame(await find(...patterns), files))
}

test('an absolute path stays one', async (t) => {
  t.strictSame(await find(join(fixtures, 'good/deep')), [
    join(fixtures, 'good/deep/second.yml'),
    join(fixtures, 'good/deep/third.json'),
  ])
})

test('every pattern that means no file is told at once', async (t) => {
  t.strictSame(
    await problemsOf(
      find('none', 'good/first.yaml', 'origin-refusd', 'good/frist.yaml', 'god', 'nowhere/first.yaml', 'good/*.toml'),
    ),
    [
      'none: no scenario file (*.yaml, *.yml, *.json) in it',
      'origin-refusd: no such file, folder or id of a scenario, did you mean "origin-refused"?',
      'good/frist.yaml: no such file, folder or id of a scenario, did you mean "good/first.yaml"?',
      'god: no such file, folder or id of a scenario, did you mean "good"?',
      'nowhere/first.yaml: no such file, folder or id of a scenario, "badgateway list" shows those there are',
      'good/*.toml: no scenario file matches',
    ],
  )
})

test('what is installed below a folder is left out, but a folder may itself be installed', async (t) => {
  const folder = t.testdir({ 'own.yaml': 'id: own', node_modules: { other: { 'its.yaml': 'id: its' } } })
  t.strictSame(await findScenarioFiles(['.', '**/*.yaml'], folder, catalogue), ['own.yaml'])
  const installed = join(folder, 'node_modules/other')
  t.strictSame(await findScenarioFiles(['its'], folder, installed), ['node_modules/other/its.yaml'])
  t.strictSame(await findScenarioFiles([installed], folder, catalogue), [join(installed, 'its.yaml')])
})

test('links are followed, each file is found once, and a link to nothing is a problem', async (t) => {
  const folder = t.testdir({
    real: { 'a.yaml': 'id: a', below: { 'b.yaml': 'id: b' } },
    map: { '..2024_x': { 'c.yaml': 'id: c' } },
    linked: {},
    broken: { 'a.yaml': 'id: a' },
  })
  const link = (to: string, from: string): void => symlinkSync(to, join(folder, from))
  link('..2024_x', 'map/..data')
  link('..data/c.yaml', 'map/c.yaml')
  link('.', 'real/0self')
  link('../real/a.yaml', 'linked/a.yaml')
  link('../real/below', 'linked/folder')
  link('nothing.yaml', 'broken/gone.yaml')
  link('round.yaml', 'broken/round.yaml')
  link('gone', 'broken/.#editor.yaml')
  const files = (...patterns: string[]) => findScenarioFiles(patterns, folder, catalogue)
  t.strictSame(await files('map'), ['map/c.yaml'], 'as Kubernetes mounts a ConfigMap')
  for (const pattern of ['real', 'real/**/*.yaml']) {
    t.strictSame(await files(pattern), ['real/a.yaml', 'real/below/b.yaml'], `${pattern}, with a link to itself`)
  }
  t.strictSame(await files('linked', 'real'), ['linked/a.yaml', 'linked/folder/b.yaml'])
  const wrong = [
    "gone.yaml: can't be read: it is a link to nothing",
    "round.yaml: can't be read: links that go round in a circle",
  ]
  for (const patterns of [['broken'], ['broken/*.yaml'], ['broken/gone.yaml', 'broken/round.yaml']]) {
    t.strictSame(
      await problemsOf(files(...patterns)),
      wrong.map((one) => `broken/${one}`),
      patterns.join(),
    )
  }
  t.strictSame(await files('broken/a*.yaml'), ['broken/a.yaml'], 'only where it is meant')
})

test('what runs have left is no scenario', async (t) => {
  const run = { 'result.json': '{}', 'ctrf.json': '{}' }
  const folder = t.testdir({ 'a.yaml': 'id: a', reports: { '20260101-120000-a': run, own: { 'result.json': '{}' } } })
  symlinkSync('20260101-120000-a', join(folder, 'reports/latest'))
  for (const pattern of ['.', '**/*.{json,yaml}']) {
    t.strictSame(await findScenarioFiles([pattern], folder, catalogue), ['a.yaml', 'reports/own/result.json'], pattern)
  }
})

test('what may not be read does not pass as empty', async (t) => {
  // Not below the project: its folder may be closed to who is not root.
  const cwd = mkdtempSync(join(tmpdir(), 'badgateway-files-'))
  const closed = ['part/sub', 'locked'].map((name) => join(cwd, name))
  const allow = (mode: number) => closed.forEach((folder) => void chmodSync(folder, mode))
  t.teardown(() => {
    allow(0o755)
    rmSync(cwd, { recursive: true })
  })
  chmodSync(cwd, 0o755)
  for (const file of ['part/a.yaml', 'part/sub/b.yaml', 'locked/a.yaml']) {
    mkdirSync(join(cwd, dirname(file)), { recursive: true })
    writeFileSync(join(cwd, file), 'id: a')
  }
  allow(0)
  const patterns = ['part', 'part/**/*.yaml', 'locked', 'locked/a.yaml', 'locked/*.yaml']
  // Root may read everything: it becomes nobody.
  const find = `
    import { findScenarioFiles } from ${JSON.stringify(resolve('dist/scenario/files.js'))}
    if (process.getuid() === 0) {
      process.setgroups([])
      process.setgid(65534)
      process.setuid(65534)
    }
    await findScenarioFiles(${JSON.stringify(patterns)}, '.', '.').catch(({ message }) => console.log(message))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', find], { cwd, encoding: 'utf8' })
  t.strictSame(
    stdout.trim().split('\n'),
    ['part/sub', 'part/sub', 'locked', 'locked/a.yaml', 'locked/*.yaml'].map(
      (name) => `${name}: can't be read: permission denied`,
    ),
    stderr,
  )
})

test('a name with the signs of a glob is a file first', async (t) => {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'a[b]'))
  writeFileSync(join(folder, 'a[b]/x{y}.yaml'), 'id: x')
  t.strictSame(await findScenarioFiles(['a[b]', 'a[b]/x{y}.yaml'], folder, catalogue), ['a[b]/x{y}.yaml'])
})

test('a file is read and parsed', async (t) => {
  const scenario = await readScenario(join(fixtures, 'good/deep/third.json'))
  t.match(scenario, { id: 'third', hops: { app: { kind: 'origin' } } })
})

test('a file that can’t be read is a problem, not a stack trace', async (t) => {
  t.strictSame(await problemsOf(readScenario('nowhere.yaml')), ["nowhere.yaml: can't be read: no such file"])
  t.strictSame(await problemsOf(readScenario('src')), ["src: can't be read: it is a folder"])
  const file = 'test/scenario/fixtures/bad_bytes.yaml'
  t.strictSame(await problemsOf(readScenario(file)), [`${file}: can't be read: it is not UTF-8 text`])
})

test('the problems of all files come at once, file by file', async (t) => {
  const files = ['bad/one.yaml', 'nowhere.yaml', 'bad/two.yaml'].map((file) => `test/scenario/fixtures/${file}`)
  t.strictSame(await problemsOf(readScenarios(files)), [
    `${files[0]}:4:16: hops.app.kind: unknown kind "orign", did you mean "origin"?`,
    `${files[1]}: can't be read: no such file`,
    `${files[2]}:2:1: titel: unknown key "titel", did you mean "title"?`,
    `${files[2]}:6:16: clients.plain.to: unknown hop "ap", did you mean "app"?`,
  ])
})

test('also beside what is no file', async (t) => {
  const bad = 'test/scenario/fixtures/bad/one.yaml'
  t.strictSame(await problemsOf(loadScenarios([bad, 'nonexist'], catalogue)), [
    'nonexist: no such file, folder or id of a scenario, "badgateway list" shows those there are',
    `${bad}:4:16: hops.app.kind: unknown kind "orign", did you mean "origin"?`,
  ])
})

test('two files with one id are a problem that names both', async (t) => {
  const [a, b] = ['test/scenario/fixtures/twice/a.yaml', 'test/scenario/fixtures/twice/b.yaml'] as const
  t.strictSame(await problemsOf(readScenarios([a, b])), [`${b}:2:5: id: the id "first" is taken by ${a}`])
})

test('the catalogue is valid, and an id is the name of its file', async (t) => {
  const files = await findScenarioFiles(['scenarios'], process.cwd(), 'scenarios')
  const loaded = await readScenarios(files)
  t.ok(loaded.length >= 6)
  for (const { file, scenario } of loaded) t.match(file, new RegExp(`/${scenario.id}\\.yaml$`))
})
