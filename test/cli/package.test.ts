/** The package as a user gets it: packed, installed into an empty project, set up and run. Slow: it asks the registry. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tap, { test } from 'tap'
import { assertEnded, type Ended, repository, start } from './command.js'

tap.setTimeout(180_000)

test('npm pack, npm install, init, npm run chaos', { timeout: 170_000 }, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'badgateway-package-'))
  t.teardown(() => rmSync(cwd, { recursive: true }))
  /** What npm says on its own account (warnings of the user's settings, notices) is none of our business. */
  const npm = (...args: string[]): Promise<Ended> => start('npm', [...args, '--loglevel=error'], { cwd }).ended

  // dist/ is built already, and building it anew would pull it from under the tests beside this one.
  const packed = await npm('pack', repository, '--ignore-scripts', '--silent')
  assertEnded(t, packed, 0)
  const tarball = packed.stdout.trim()
  t.match(tarball, /^badgateway-.*\.tgz$/)

  const installed = await npm('install', '--save-dev', `./${tarball}`, '--prefer-offline', '--no-audit', '--no-fund')
  assertEnded(t, installed, 0)
  const shipped = readdirSync(join(cwd, 'node_modules/badgateway')).sort()
  t.same(shipped, ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json', 'scenarios', 'schema'])

  const initialised = await start('npx', ['--no-install', 'badgateway', 'init'], { cwd }).ended
  assertEnded(t, initialised, 0, 'written  chaos/first.yaml', 'added    script "chaos"')
  t.notMatch(initialised.stdout, 'npm install', 'it is installed already')

  const [chaos, tested, listed] = await Promise.all([
    npm('run', 'chaos'),
    start(process.execPath, ['--test', '--test-reporter=tap', 'chaos/first.test.mjs'], { cwd }).ended,
    start('node_modules/.bin/badgateway', ['run', 'origin-refused', '--quiet', '--out', 'other'], { cwd }).ended,
  ])
  assertEnded(t, chaos, 0, '✓ first', '1 passed, 0 failed')
  const result = JSON.parse(readFileSync(join(cwd, 'reports/latest/result.json'), 'utf8'))
  t.match(result, { verdict: 'pass', scenarios: [{ id: 'first', faults: [{ fired: Number }] }] })
  assertEnded(t, tested, 0, /^# pass 1$/m, /^# fail 0$/m)
  assertEnded(t, listed, 0, '1 passed, 0 failed')
})
