/** What the commands print, against golden files (GOLDEN=write makes them anew), and what `init` writes. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { listed } from '../../src/cli/list.js'
import { assertEnded, assertGolden, badgateway, commandLine, main, normalised, repository, start } from './command.js'
import { passing, silent, wrong } from './scenarios.js'

test('list: the catalogue and every table of kinds', async (t) => {
  const cwd = t.testdir({ chaos: { 'silent.yaml': silent, 'passing.yaml': passing } })
  for (const what of listed) {
    const ended = await commandLine(['list', what], { cwd })
    assertEnded(t, ended, 0)
    assertGolden(t, `list-${what}.txt`, what === 'profiles' ? normalised(ended.stdout) : ended.stdout)
  }
  const own = await commandLine(['list', 'scenarios', 'chaos'], { cwd })
  t.equal(own.stdout, 'passing  One request is reset\nsilent   One request is reset\n')
  const json = await commandLine(['list', 'effects', '--json'], { cwd })
  t.match(JSON.parse(json.stdout), [{ name: 'refuse', summary: String }])
})

test('validate: what is right, and every problem of what is wrong', async (t) => {
  const cwd = t.testdir({ 'passing.yaml': passing, 'silent.yaml': silent, 'wrong.yaml': wrong, 'bomb.yaml': bomb })
  const one = await commandLine(['validate', 'passing.yaml'], { cwd })
  assertEnded(t, one, 0)
  t.equal(one.stdout, '1 scenario is valid\n')
  const two = await commandLine(['validate', 'passing.yaml', 'silent.yaml'], { cwd })
  t.equal(two.stdout, '2 scenarios are valid\n')
  const catalogue = await commandLine(['validate', `${repository}/scenarios`], { cwd })
  assertEnded(t, catalogue, 0, 'scenarios are valid')
  const bad = await badgateway(['validate', '*.yaml'], { cwd })
  assertEnded(t, bad, 2)
  t.equal(bad.stdout, '')
  assertGolden(t, 'validate-wrong.txt', bad.stderr)
})

/** Nine lines that would be a billion values. */
const bomb = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
  .map((name, index, all) => `${name}: &${name} [${Array(10).fill(index ? `*${all[index - 1]}` : 'x')}]\n`)
  .join('')

test('doctor: what this machine can do', async (t) => {
  const cwd = t.testdir({})
  const ended = await badgateway(['doctor'], { cwd })
  assertEnded(t, ended, 0)
  assertGolden(t, 'doctor.txt', machineless(normalised(ended.stdout)))
  const json = await commandLine(['doctor', '--json'], { cwd })
  t.match(JSON.parse(json.stdout), { version: String, findings: [{ name: 'node', ok: true, found: String }] })
  t.same(readdirSync(cwd), [], 'leaves nothing behind')
})

/** Without what this machine has and others may not. */
const machineless = (text: string): string =>
  text.replace(/\d+ of \d+/, '<n> of <n>').replace(/^. nginx +nginx .*$/m, '<mark> nginx      <what was found>')

test('doctor: without nginx all is well, and it says how to get it', async (t) => {
  const cwd = t.testdir({})
  const ended = start('/usr/bin/env', ['PATH=/none', process.execPath, main, 'doctor'], { cwd }).ended
  assertEnded(t, await ended, 0, /^– nginx +nginx is not installed\. Install it: apt-get install nginx-light/m)
})

/** One client each, so that the order of the requests is always the same. */
const traced = {
  'retry.yaml': `id: retry
title: The first try is reset, the second is answered
hops: { app: { kind: origin }, lb: { kind: proxy, to: [app] } }
clients: { backoff: { to: lb, load: { requests: 3 }, retry: { type: full_jitter, attempts: 2, base: 1ms } } }
faults: [{ id: rst, on: app, at: request_head, effect: reset, first: 1 }]
expect: [{ client: backoff, metric: success_rate, is: "= 100%" }]
`,
  'next-upstream.yaml': `id: next-upstream
title: The proxy asks the second server when the first is gone
hops: { app1: { kind: origin }, app2: { kind: origin }, lb: { kind: proxy, to: [app1, app2] } }
clients: { plain: { to: lb, load: { requests: 1 } } }
faults: [{ id: gone, on: app1, at: connect, effect: refuse }]
expect: [{ client: plain, status: 200, count: "= 1" }]
`,
  'firewall.yaml': `id: firewall
title: The firewall resets the first connection
hops: { app: { kind: origin, tls: true }, fw: { kind: waf, to: app }, lb: { kind: proxy, to: [fw] } }
clients: { plain: { to: lb, load: { requests: 2 } } }
faults: [{ id: fingerprint, on: fw, at: client_hello, effect: reset, first: 1 }]
expect: [{ client: plain, status: 502, count: "= 1" }]
`,
  'stealth-reset.yaml': `id: stealth-reset
title: The firewall resets one fingerprint, and the gateway turns to another one and another exit
hops:
  shop: { kind: origin, tls: true }
  wall: { kind: waf, to: shop, rules: [{ id: bots, when: { profile: python_like }, action: reset }] }
  gw:
    kind: gateway
    to: [wall]
    exits: [{ network: 127.11.1.0/24, count: 2 }]
    profiles: [python_like, modern]
    strategy: context_aware
clients: { scraper: { to: wall, through: { gateway: gw, form: absolute } } }
expect: [{ client: scraper, status: 200, count: "= 1" }]
`,
  'tunnel-reset.yaml': `id: tunnel-reset
title: The same through a tunnel is a reset at the client
hops:
  shop: { kind: origin, tls: true }
  wall: { kind: waf, to: shop, rules: [{ id: bots, when: { profile: python_like }, action: reset }] }
  gw: { kind: gateway, to: [wall], exits: [{ network: 127.11.1.0/24, count: 2 }] }
clients: { scraper: { to: wall, through: { gateway: gw }, tls: { profile: python_like } } }
expect: [{ client: scraper, error: connection_terminated, count: "= 1" }]
`,
}

test('--trace: hop by hop', async (t) => {
  const cwd = t.testdir(traced)
  const catalogue = ['origin-refused', 'response-timeout', 'tls-cert-expired', 'truncated-body-close']
  for (const name of [...Object.keys(traced), ...catalogue]) {
    const ended = await commandLine(['run', name, '--trace'], { cwd })
    assertEnded(t, ended, 0)
    assertGolden(t, `trace-${name.replace('.yaml', '')}.txt`, normalised(ended.stdout))
  }
})

test('init in an empty folder: what it writes', async (t) => {
  const cwd = t.testdir({})
  const ended = await badgateway(['init'], { cwd })
  assertEnded(t, ended, 0)
  assertGolden(t, 'init.txt', ended.stdout)
  t.same(readdirSync(cwd).sort(), ['chaos', 'package.json'])
  assertGolden(t, 'init-first.yaml', read(cwd, 'chaos/first.yaml'))
  assertGolden(t, 'init-node-test.mjs.txt', read(cwd, 'chaos/first.test.mjs'))
  t.equal(read(cwd, 'package.json'), '{\n  "scripts": {\n    "chaos": "badgateway run chaos"\n  }\n}\n')
  assertEnded(t, await commandLine(['run', 'chaos'], { cwd }), 0, '1 passed, 0 failed')
})

test('init finds the test runner and keeps the form of package.json', async (t) => {
  for (const runner of ['vitest', 'tap']) {
    const manifest = { name: 'x', scripts: { build: 'tsc' }, devDependencies: { [runner]: '1', badgateway: '0' } }
    const cwd = t.testdir({ 'package.json': JSON.stringify(manifest, null, '\t') })
    const ended = await commandLine(['init'], { cwd })
    assertEnded(t, ended, 0, 'added    script "chaos" in package.json: badgateway run chaos', `npx ${runner} `)
    t.notMatch(ended.stdout, 'npm install', 'it is there already')
    assertGolden(t, `init-${runner}.mjs.txt`, read(cwd, 'chaos/first.test.mjs'))
    const scripts = { build: 'tsc', chaos: 'badgateway run chaos' }
    t.equal(read(cwd, 'package.json'), `${JSON.stringify({ ...manifest, scripts }, null, '\t')}\n`)
  }
  const cwd = t.testdir({ 'package.json': '\uFEFF{\r\n    "name": "x"\r\n}\r\n' })
  assertEnded(t, await commandLine(['init'], { cwd }), 0)
  const scripts = '    "scripts": {\r\n        "chaos": "badgateway run chaos"\r\n    }\r\n'
  t.equal(read(cwd, 'package.json'), `\uFEFF{\r\n    "name": "x",\r\n${scripts}}\r\n`, 'as Windows writes it')
})

test('init overwrites nothing, and says so', async (t) => {
  const files = {
    'package.json': '{ "scripts": { "chaos": "mine" } }',
    chaos: { 'first.yaml': 'mine', 'first.test.mjs': 'mine' },
  }
  const cwd = t.testdir(files)
  const ended = await commandLine(['init'], { cwd })
  assertEnded(t, ended, 0)
  assertGolden(t, 'init-again.txt', ended.stdout)
  t.equal(read(cwd, 'package.json'), files['package.json'])
  t.equal(read(cwd, 'chaos/first.yaml'), 'mine')
  t.equal(read(cwd, 'chaos/first.test.mjs'), 'mine')
})

test('init with a package.json that is none: 2, nothing is written', async (t) => {
  const wrongs: [content: string, ...says: string[]][] = [
    ['{ "name": ', 'package.json: not valid JSON (', 'so no script can be added'],
    ['null', 'package.json: expected an object'],
    ['[]', 'package.json: expected an object'],
    ['{ "scripts": "build" }', 'package.json: "scripts" is not an object'],
  ]
  const cwd = t.testdir({})
  for (const [content, ...says] of wrongs) {
    writeFileSync(join(cwd, 'package.json'), content)
    assertEnded(t, await commandLine(['init'], { cwd }), 2, ...says, /^1 problem\.$/m)
    t.same(readdirSync(cwd), ['package.json'])
    t.equal(read(cwd, 'package.json'), content)
  }
})

test('init where files can’t be made: 2, every one of them is told, and nothing is written', async (t) => {
  const cwd = t.testdir({
    folder: { 'package.json': {} },
    links: {
      chaos: { 'first.test.mjs': t.fixture('symlink', '../nowhere') },
      'package.json': t.fixture('symlink', 'nowhere'),
    },
  })
  const folder = await commandLine(['init'], { cwd: join(cwd, 'folder') })
  assertEnded(t, folder, 2, 'package.json: it is a folder, not a file, so no script can be added')
  t.same(readdirSync(join(cwd, 'folder')), ['package.json'])
  const links = await commandLine(['init'], { cwd: join(cwd, 'links') })
  const nowhere = 'a link that leads nowhere: remove it\n'
  assertEnded(t, links, 2, `chaos/first.test.mjs: ${nowhere}package.json: ${nowhere}`, /^2 problems\.$/m)
  t.same(readdirSync(join(cwd, 'links'), { recursive: true }).sort(), ['chaos', 'chaos/first.test.mjs', 'package.json'])
})

test('init where nothing can be written: 3, and what to do', async (t) => {
  const cwd = t.testdir({ chaos: 'a file' })
  assertEnded(
    t,
    await commandLine(['init'], { cwd }),
    3,
    'Cannot write chaos/first.yaml: ',
    'Run init in a folder that',
  )
  t.notOk(existsSync(join(cwd, 'package.json')))
})

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8')
