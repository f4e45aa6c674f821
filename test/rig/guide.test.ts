/**
 * The files of docs/testing-your-client.md, as somebody would copy them into a project that has badgateway installed, run by
 * the runners that they are written for.
 */
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import tap, { type Test, test } from 'tap'
import { repository, start } from '../cli/command.js'

tap.setTimeout(120_000)
tap.jobs = 3

const page = readFileSync(join(repository, 'docs/testing-your-client.md'), 'utf8')
const files = Object.fromEntries(
  [...page.matchAll(/^```js (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, content]) => [name!, content!]),
)

function project(t: Test): string {
  const folder = t.testdir({ 'package.json': '{ "private": true }', node_modules: {}, ...files })
  symlinkSync(repository, join(folder, 'node_modules/badgateway'))
  for (const name of ['tap', 'vitest']) {
    symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name))
  }
  return folder
}

const counts = (content: string): number => content.match(/^(?:t\.)?test\(/gm)!.length

test('the page has its four files', { buffered: true }, async (t) => {
  t.strictSame(Object.keys(files).toSorted(), [
    'client.mjs',
    'duplicates.test.mjs',
    'retries.test.mjs',
    'trouble.test.mjs',
  ])
})

test('node:test', { buffered: true }, async (t) => {
  const args = ['--test', '--test-reporter=tap', 'retries.test.mjs']
  const { stdout, stderr } = await start(process.execPath, args, { cwd: project(t) }).ended
  t.match(stdout, `# pass ${counts(files['retries.test.mjs']!)}\n# fail 0`) || t.comment(stdout, stderr)
})

test('tap', { buffered: true }, async (t) => {
  const { code, stdout, stderr } = await start(process.execPath, ['duplicates.test.mjs'], { cwd: project(t) }).ended
  t.equal(code, 0) || t.comment(stdout, stderr)
  t.match(stdout, new RegExp(`^1\\.\\.${counts(files['duplicates.test.mjs']!)}$`, 'm'), 'all of its tests ran')
})

test('vitest', { buffered: true }, async (t) => {
  const cwd = project(t)
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--reporter=json', 'trouble.test.mjs']
  const { stdout, stderr } = await start(process.execPath, args, { cwd }).ended
  t.match(JSON.parse(stdout), { numPassedTests: counts(files['trouble.test.mjs']!), numFailedTests: 0 }) ||
    t.comment(stdout, stderr)
})
