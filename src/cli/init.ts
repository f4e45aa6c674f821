/** `badgateway init`: a first scenario, a test for the runner found, and a `chaos` script. It overwrites nothing. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { cannotWrite } from '../lib/cannot_write.js'
import { type Problem, ScenarioError } from '../lib/errors.js'

export const initCommand = new Command('init')
  .description('write a first scenario, a test for the runner found here, and a "chaos" script; overwrites nothing')
  .addHelpText('after', '\nExample:\n  $ npm install --save-dev badgateway && npx badgateway init && npm run chaos')
  .action(() => {
    for (const line of initialise(process.cwd())) console.log(line)
  })

const MANIFEST = 'package.json'
const SCENARIO_FILE = 'chaos/first.yaml'
const TEST_FILE = 'chaos/first.test.mjs'

/**
 * Returns what was done, a line for each. Everything is looked at before anything is written.
 * @throws ScenarioError when package.json is not one, or a link leads nowhere; CannotRunError when the folder may not be written
 */
export function initialise(folder: string): string[] {
  const lost = [dirname(SCENARIO_FILE), SCENARIO_FILE, TEST_FILE, MANIFEST].filter((path) => isLost(join(folder, path)))
  if (lost.length > 0)
    throw new ScenarioError(lost.map((file) => problem(file, 'a link that leads nowhere: remove it')))
  const { manifest, text } = readManifest(folder)
  const installed = { ...manifest.dependencies, ...manifest.devDependencies }
  const runner = (['vitest', 'tap'] as const).find((name) => name in installed) ?? 'node:test'
  return [
    writeNew(folder, SCENARIO_FILE, SCENARIO),
    writeNew(folder, TEST_FILE, TESTS[runner]),
    addScript(folder, manifest, text),
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

/** @returns no text where there is no file */
function readManifest(folder: string): { manifest: Manifest; text?: string } {
  const file = join(folder, MANIFEST)
  if (!existsSync(file)) return { manifest: {} }
  const refused = (message: string) => new ScenarioError([problem(MANIFEST, `${message}, so no script can be added`)])
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw refused(code === 'EISDIR' ? 'it is a folder, not a file' : `it can't be read (${code})`)
  }
  let manifest: unknown
  try {
    manifest = JSON.parse(text.replace(BOM, ''))
  } catch (error) {
    throw refused(`not valid JSON (${(error as Error).message})`)
  }
  if (!isMapping(manifest)) throw refused('expected an object')
  if (!isMapping(manifest.scripts ?? {})) throw refused('"scripts" is not an object')
  if (!('chaos' in (manifest.scripts ?? {}))) write(MANIFEST, () => accessSync(file, constants.W_OK))
  return { manifest, text }
}

const BOM = /^\uFEFF/

const problem = (file: string, message: string): Problem => ({ file, path: '', message })

function isLost(path: string): boolean {
  if (existsSync(path)) return false
  try {
    readlinkSync(path)
    return true
  } catch {
    return false
  }
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

/** @param text as it is: its indentation, line ends and BOM stay */
function addScript(folder: string, manifest: Manifest, text?: string): string {
  const present = manifest.scripts?.chaos
  if (present !== undefined) return `exists   script "chaos" in package.json (${present}), left as it is`
  const { indent = '  ' } = /^(?<indent>[ \t]+)"/m.exec(text ?? '')?.groups ?? {}
  const [bom = ''] = BOM.exec(text ?? '') ?? []
  const end = /\r?\n/.exec(text ?? '')?.[0] ?? '\n'
  const scripts = { ...manifest.scripts, chaos: 'badgateway run chaos' }
  const content = `${JSON.stringify({ ...manifest, scripts }, null, indent)}\n`.replaceAll('\n', end)
  write(MANIFEST, () => writeFileSync(join(folder, MANIFEST), bom + content))
  return `${text === undefined ? 'written  package.json with the script "chaos"' : 'added    script "chaos" in package.json'}: ${scripts.chaos}`
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
