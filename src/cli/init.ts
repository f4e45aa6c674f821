/** `badgateway init`: a first scenario, a test for the runner found, and a `chaos` script. It overwrites nothing. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { cannotWrite } from '../lib/cannot_write.js'
import { ScenarioError } from '../lib/errors.js'

export const initCommand = new Command('init')
  .description('write a first scenario, a test for the runner found here, and a "chaos" script; overwrites nothing')
  .addHelpText('after', '\nExample:\n  $ npm install --save-dev badgateway && npx badgateway init && npm run chaos')
  .action(() => {
    for (const line of initialise(process.cwd())) console.log(line)
  })

const SCENARIO_FILE = 'chaos/first.yaml'
const TEST_FILE = 'chaos/first.test.mjs'

/**
 * Returns what was done, a line for each.
 * @throws ScenarioError when package.json is not one; CannotRunError when the folder may not be written
 */
export function initialise(folder: string): string[] {
  const manifest = readManifest(folder)
  const installed = { ...manifest.dependencies, ...manifest.devDependencies }
  const runner = (['vitest', 'tap'] as const).find((name) => name in installed) ?? 'node:test'
  return [
    writeNew(folder, SCENARIO_FILE, SCENARIO),
    writeNew(folder, TEST_FILE, TESTS[runner]),
    addScript(folder, manifest),
    '',
    ...('badgateway' in installed ? [] : ['First: npm install --save-dev badgateway']),
    'Next:  npm run chaos',
    `Then:  ${COMMANDS[runner]}`,
  ]
}

interface Manifest {
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

function readManifest(folder: string): Manifest {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return {}
  const refused = (message: string) =>
    new ScenarioError([{ file: 'package.json', path: '', message: `${message}, so no script can be added` }])
  let manifest: unknown
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw refused(`not valid JSON (${(error as Error).message})`)
  }
  if (!isMapping(manifest)) throw refused('expected an object')
  if (!isMapping(manifest.scripts ?? {})) throw refused('"scripts" is not an object')
  return manifest
}

const isMapping = (value: unknown): value is Record<string, never> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function writeNew(folder: string, path: string, content: string): string {
  const file = join(folder, path)
  if (existsSync(file)) return `exists   ${path}, left as it is`
  write(path, () => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { flag: 'wx' })
  })
  return `written  ${path}`
}

function addScript(folder: string, manifest: Manifest): string {
  const present = manifest.scripts?.chaos
  if (present !== undefined) return `exists   script "chaos" in package.json (${present}), left as it is`
  const file = join(folder, 'package.json')
  const isNew = !existsSync(file)
  const indent = isNew ? '  ' : (/^([ \t]+)"/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '  ')
  const scripts = { ...manifest.scripts, chaos: 'badgateway run chaos' }
  const content = `${JSON.stringify({ ...manifest, scripts }, null, indent)}\n`
  write('package.json', () => writeFileSync(file, content))
  return `${isNew ? 'written  package.json with the script "chaos"' : 'added    script "chaos" in package.json'}: ${scripts.chaos}`
}

function write(path: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    throw cannotWrite(path, 'Run init in a folder that may be written', error)
  }
}

const COMMANDS = {
  'node:test': `node --test ${TEST_FILE}`,
  tap: `npx tap ${TEST_FILE}`,
  vitest: `npx vitest run ${TEST_FILE}`,
} as const

const SCENARIO = `# What this proves: a client that retries survives one bad server behind a load balancer.
# Every key: npx badgateway list, and the schema in node_modules/badgateway/schema/scenario.schema.json
# yaml-language-server: $schema=../node_modules/badgateway/schema/scenario.schema.json
id: first
title: One of two servers resets every connection
hops:
  app1: { kind: origin }
  app2: { kind: origin }
  lb: { kind: proxy, to: [app1, app2], next_upstream: off }
clients:
  plain: { to: lb, load: { requests: 10 } }
  retrying: { to: lb, load: { requests: 10 }, retry: { type: full_jitter, attempts: 6, base: 10ms } }
faults:
  - { id: rst, on: app1, at: request_head, effect: reset }
expect:
  - { fault: rst, fired: ">= 1" }
  - { client: plain, status: 502, count: ">= 1" }
  - { client: retrying, metric: success_rate, is: "= 100%" }
`

const STEPS = (equal: string) => `
  const lab = await rig({
    hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } },
    faults: [{ id: 'rst', on: 'app', at: 'request_head', effect: 'reset', first: 1 }],
  })
  try {
    const first = await fetch(lab.url)
    ${equal}(first.status, 502)
    ${equal}(first.headers.get('x-proxy-error'), 'upstream_reset')
    ${equal}((await fetch(lab.url)).status, 200)
    ${equal}(lab.fault('rst').fired, 1)
  } finally {
    await lab.close()
  }
})
`

const TESTS = {
  'node:test': `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rig } from 'badgateway'

test('a reset behind the proxy is a 502, once', async () => {${STEPS('assert.equal')}`,
  tap: `import t from 'tap'
import { rig } from 'badgateway'

t.test('a reset behind the proxy is a 502, once', async (t) => {${STEPS('t.equal')}`,
  vitest: `import { expect, test } from 'vitest'
import { rig } from 'badgateway'

test('a reset behind the proxy is a 502, once', async () => {${STEPS('equal')}
const equal = (actual, expected) => expect(actual).toBe(expected)
`,
}
