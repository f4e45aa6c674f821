/**
 * The rooms keep to themselves: the import rules hold for src and are seen to bite, and the rooms that both engines
 * share hold no clock, chance, timer or waiting.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser'
import { test } from 'tap'
import ts from 'typescript'

const rules = createRequire(resolve('package.json'))('./.dependency-cruiser.cjs') as IConfiguration

/** What `npm run check:imports` would say in that folder: `rule: from → to`. */
async function violations(baseDir: string): Promise<string[]> {
  const { output } = await cruise(['src'], { ...rules.options, ruleSet: rules, validate: true, baseDir })
  const { summary } = output as ICruiseResult
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`).sort()
}

/** A repo whose modules import what is listed. */
const repo = (modules: Record<string, string[]>): Record<string, string> => ({
  'package.json': JSON.stringify({ type: 'module', dependencies: { zod: '*' }, devDependencies: { tap: '*' } }),
  'node_modules/zod/package.json': '{ "name": "zod", "main": "index.js" }',
  'node_modules/zod/index.js': '',
  'node_modules/tap/package.json': '{ "name": "tap", "main": "index.js" }',
  'node_modules/tap/index.js': '',
  ...Object.fromEntries(
    Object.entries(modules).map(([path, imports]) => [
      path,
      `${imports.map((to, n) => `import * as m${n} from '${to}'\nexport type T${n} = typeof m${n}`).join('\n')}\nexport {}\n`,
    ]),
  ),
})

/** tap's testdir from paths instead of nested objects. */
function tree(files: Record<string, string>) {
  const top: Record<string, unknown> = {}
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split('/')
    let folder = top
    for (const part of parts.slice(0, -1)) {
      folder[part] ??= {}
      folder = folder[part] as Record<string, unknown>
    }
    folder[parts.at(-1)!] = text
  }
  return top as Record<string, string>
}

test('src keeps the import rules', async (t) => {
  t.strictSame(await violations(process.cwd()), [])
})

test('the thread of the clients and an origin of its own load no dialect: they would start half a second later', async (t) => {
  const options = { ...rules.options, tsPreCompilationDeps: false }
  for (const entry of ['src/live/thread/thread.ts', 'src/live/process/child.ts']) {
    const { output } = await cruise([entry], options)
    const loaded = (output as ICruiseResult).modules.map(({ source }) => source)
    t.ok(loaded.includes('src/lib/random.ts'), `${entry}: ${loaded.length} modules`)
    t.strictSame(
      loaded.filter((source) => /^src\/(dialects|proxies)\/|scenario\/hops/.test(source)),
      [],
    )
  }
})

test('imports to the left are fine', async (t) => {
  const modules = {
    'src/lib/units.ts': ['zod'],
    'src/core/failure.ts': ['../lib/units.js', 'zod'],
    'src/journal/events.ts': ['../core/failure.js'],
    'src/dialects/nginx.ts': ['../core/failure.js'],
    'src/checks/index.ts': ['../journal/events.js', '../dialects/nginx.js'],
    'src/scenario/schema.ts': ['../checks/index.js'],
    'src/live/start.ts': ['node:net', '../scenario/schema.js'],
    'src/sim/start.ts': ['../scenario/schema.js'],
    'src/run.ts': ['./live/start.js', './sim/start.js', 'node:fs'],
    'src/cli/run.ts': ['../run.js'],
    'src/index.ts': ['./run.js'],
  }
  t.strictSame(await violations(t.testdir(tree(repo(modules)))), [])
})

test('each import rule bites', async (t) => {
  const modules = {
    'src/lib/scope.ts': ['../core/failure.js'],
    'src/core/failure.ts': ['../journal/events.js'],
    'src/core/clock.ts': ['node:timers'],
    'src/core/name.ts': [],
    'src/journal/events.ts': ['../scenario/schema.js'],
    'src/checks/index.ts': ['../scenario/schema.js', '../live/start.js'],
    'src/reports/json.ts': ['fs'],
    'src/dialects/nginx.ts': ['node:net'],
    'src/scenario/schema.ts': ['../live/start.js'],
    'src/live/start.ts': ['../sim/start.js'],
    'src/live/a.ts': ['./b.js'],
    'src/live/b.ts': ['./a.js'],
    'src/live/load.ts': ['../run.js'],
    'src/sim/start.ts': ['../core/name.js', 'node:net'],
    'src/sim/queue.ts': ['../live/load.js', 'tap'],
    'src/run.ts': ['../src/cli/run.js', './index.js', './gone.js'],
    'src/cli/run.ts': ['../helpers/all.js'],
    'src/helpers/all.ts': ['../lib/words.js'],
    'src/lib/words.ts': [],
    'src/index.ts': [],
  }
  t.strictSame(
    await violations(t.testdir(tree(repo(modules)))),
    [
      'core-imports-only-what-is-left-of-it: src/core/failure.ts → src/journal/events.ts',
      'dialects-imports-only-what-is-left-of-it: src/checks/index.ts → src/live/start.ts',
      'dialects-imports-only-what-is-left-of-it: src/checks/index.ts → src/scenario/schema.ts',
      'journal-imports-only-what-is-left-of-it: src/journal/events.ts → src/scenario/schema.ts',
      'lib-imports-nothing-of-ours: src/lib/scope.ts → src/core/failure.ts',
      'lib-imports-only-what-is-left-of-it: src/lib/scope.ts → src/core/failure.ts',
      'live-imports-only-what-is-left-of-it: src/live/load.ts → src/run.ts',
      'live-knows-no-sim: src/live/start.ts → src/sim/start.ts',
      'no-circle: src/live/a.ts → src/live/b.ts',
      'no-missing-module: src/run.ts → ./gone.js',
      'no-undeclared-package: src/sim/queue.ts → node_modules/tap/index.js',
      'no-unknown-room: src/helpers/all.ts → src/lib/words.ts',
      'pure-rooms-run-in-a-browser: src/core/clock.ts → timers',
      'pure-rooms-run-in-a-browser: src/dialects/nginx.ts → net',
      'pure-rooms-run-in-a-browser: src/reports/json.ts → fs',
      'pure-rooms-run-in-a-browser: src/sim/start.ts → net',
      'run-imports-only-what-is-left-of-it: src/run.ts → src/cli/run.ts',
      'run-imports-only-what-is-left-of-it: src/run.ts → src/index.ts',
      'scenario-imports-only-what-is-left-of-it: src/scenario/schema.ts → src/live/start.ts',
      'sim-knows-no-live: src/sim/queue.ts → src/live/load.ts',
    ].sort(),
  )
})

const pureRooms = ['core', 'journal', 'checks', 'dialects', 'words', 'sim']
const impure = new Set(
  'Date performance setTimeout setInterval setImmediate queueMicrotask Promise process Buffer require globalThis'.split(
    ' ',
  ),
)

/** Every use of time, chance, waiting or Node in a source text; comments, strings and names of members don't count. */
function impurities(text: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AsyncKeyword) found.push('async')
    if (node.kind === ts.SyntaxKind.AwaitExpression || node.kind === ts.SyntaxKind.AwaitKeyword) found.push('await')
    if (ts.isIdentifier(node) && impure.has(node.text) && !isMemberName(node)) found.push(node.text)
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random') found.push('Math.random')
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true))
  return found
}

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) return parent.name === node
  return ts.isPropertySignature(parent) || ts.isMethodSignature(parent) || ts.isMethodDeclaration(parent)
}

test('the scan for time, chance and waiting bites', async (t) => {
  const table: [string, string[]][] = [
    ['const t = Date.now()', ['Date']],
    ['function f(at: Date) {}', ['Date']],
    ['new globalThis.Date()', ['globalThis']],
    ['const n = Math.random() + Math.max(1, 2)', ['Math.random']],
    ['setTimeout(f, 1); setImmediate(f)', ['setTimeout', 'setImmediate']],
    ['const f = async () => { await g() }', ['async', 'await']],
    ['const o = { async m() { for await (const x of y) z(x) } }', ['async', 'await']],
    ['let p: Promise<void>', ['Promise']],
    ['process.exit(Buffer.from([1]).length)', ['process', 'Buffer']],
    ["// Date.now(), async\n/** await */ const s = 'Math.random() setTimeout'", []],
    ['const o: { process: string; performance(): void } = x; o.process', []],
  ]
  for (const [text, found] of table) t.strictSame(impurities(text), found, text)
})

test('the rooms that both engines share hold no clock, chance, timer or waiting', async (t) => {
  const rooms = pureRooms.filter((room) => existsSync(join('src', room)))
  t.ok(['core', 'journal', 'checks', 'dialects'].every((room) => rooms.includes(room)))
  for (const room of rooms) {
    const folder = join('src', room)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    t.not(files.length, 0, room)
    for (const file of files) t.strictSame(impurities(readFileSync(join(folder, file), 'utf8')), [], join(room, file))
  }
})
