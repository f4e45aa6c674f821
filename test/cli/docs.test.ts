/** What the hand-written guides say is there is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { findScenarioFiles, readScenarios } from '../../src/scenario/files.js'
import { commandLine, repository } from './command.js'

const read = (file: string): string => readFileSync(join(repository, file), 'utf8')

test('every source that a scenario names is in docs/sources.md', async (t) => {
  const known = [...read('docs/sources.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, key]) => key)
  const catalogue = join(repository, 'scenarios')
  for (const { file, scenario } of await readScenarios(await findScenarioFiles([catalogue], repository, catalogue))) {
    for (const source of scenario.sources) t.ok(known.includes(source), `${file}: ${source}`)
  }
})

/** What the walk in CONTRIBUTING.md makes. */
const MADE = new Set(['src/core/fault/effects/mirror.ts', 'scenarios/causes/echo-service.yaml'])

test('every file that the guides name exists', async (t) => {
  const rooms = readdirSync(join(repository, 'src'))
  for (const guide of ['docs/architecture.md', 'CONTRIBUTING.md']) {
    const named = [...read(guide).matchAll(/`((?:[\w.]+\/)+(?:[\w.]+\.\w+)?)`/g)].map(([, path]) => path!)
    t.ok(named.length > 5, `${guide} names files`)
    for (const path of new Set(named)) {
      const places = [path, `src/${path}`, ...rooms.map((room) => `src/${room}/${path}`)]
      t.ok(MADE.has(path) || places.some((place) => existsSync(join(repository, place))), `${guide}: ${path}`)
    }
  }
})

test('docs/architecture.md has every room of src, and every folder in one', async (t) => {
  const rows = [...read('docs/architecture.md').matchAll(/^\| `([\w.]+)\/?` \|(.*)/gm)]
  const rooms = new Map(rows.map(([, name, row]) => [name, row!]))
  for (const room of readdirSync(join(repository, 'src'), { withFileTypes: true })) {
    if (/\.json$|^version\.ts$/.test(room.name)) continue
    t.ok(rooms.has(room.name), room.name)
    if (!room.isDirectory()) continue
    for (const folder of readdirSync(join(repository, 'src', room.name), { withFileTypes: true })) {
      if (folder.isDirectory()) t.match(rooms.get(room.name), `\`${folder.name}/\``, `${room.name}/${folder.name}`)
    }
  }
})

test('docs/architecture.md says of every event of the journal which step writes it', async (t) => {
  const page = read('docs/architecture.md')
  const events = readdirSync(join(repository, 'src/journal/events')).flatMap((file) =>
    [...read(`src/journal/events/${file}`).matchAll(/^ {2}event: '(\w+)'/gm)].map(([, word]) => word!),
  )
  t.ok(events.length > 20)
  for (const word of events) t.match(page, `\`${word}\``, word)
})

test('the output at the top of README.md is what npm start prints', async (t) => {
  const shown = timeless(read('README.md').split('```console\n$ npm ci && npm start\n')[1]!.split('```')[0]!)
  let printed = timeless(read('reports/sample/report.txt'))
  for (const line of shown.slice(0, -1)) {
    if (line === '…') continue
    const at = printed.indexOf(line)
    t.ok(at >= 0, line)
    printed = printed.slice(at + 1)
  }
  const { stdout } = await commandLine(['run', 'origin-refused', 'empty-response'], { cwd: t.testdir({}) })
  const anyDigits = (line = '') => line.replace(/\d+/g, 'N')
  t.equal(anyDigits(shown.at(-1)), anyDigits(timeless(stdout).at(-1)))
})

/** Lines without their durations. */
const timeless = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/\(\d[^,)]*/g, '('))
