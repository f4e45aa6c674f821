/** Every kind of wrong scenario file, as somebody at the command line meets it: exit code 2, the place, the remedy. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { assertEnded, badgateway, commandLine } from './command.js'

const good = `id: bad
title: A wrong file
hops:
  app: { kind: origin }
  lb: { kind: proxy, to: [app] }
clients:
  plain: { to: lb }
faults:
  - { id: f, on: app, at: request_head, effect: reset }
expect:
  - { fault: f, fired: 1 }
`

const changed = (from: string, to: string): string => good.replace(from, to)

const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${[...'bcdefghi']
  .map((name, n) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[n]}`).join(', ')}]\n`)
  .join('')}`

const cases: Record<string, [text: string, says: string]> = {
  'unknown-key': [
    changed('effect: reset', 'efect: reset'),
    ':9:41: faults[0].efect: unknown key "efect", did you mean "effect"?',
  ],
  'wrong-unit': [
    changed('to: [app] }', 'to: [app], timeouts: { read: 5 seconds } }'),
    ':5:51: hops.lb.timeouts.read: expected a duration with its unit, such as 250ms, 10s or 2m; got "5 seconds"',
  ],
  'unknown-hop': [changed('to: [app]', 'to: [ap]'), ':5:27: hops.lb.to[0]: unknown hop "ap", did you mean "app"?'],
  'loop-of-hops': [
    changed('to: [app] }', 'to: [fw] }\n  fw: { kind: waf, to: lb }'),
    ':6:24: hops.fw.to: the hops form a loop: lb -> fw -> lb',
  ],
  'effect-of-another-trigger': [
    changed('effect: reset', 'effect: refuse'),
    ":9:49: faults[0].effect: refuse can't happen at request_head, expected one of: reset, close, stall",
  ],
  'alias-bomb': [bomb, 'too many aliases: expected at most 100 repeated values'],
  empty: ['', ':1:1: the file is empty: expected a scenario'],
}

for (const [name, [text, says]] of Object.entries(cases)) {
  test(name, async (t) => {
    const cwd = t.testdir({ [`${name}.yaml`]: text })
    for (const command of ['run', 'validate']) {
      const ended = await commandLine([command, `${name}.yaml`], { cwd })
      assertEnded(t, ended, 2, `${name}.yaml`, says)
      t.equal(ended.stdout, '', 'nothing was run')
    }
    t.notOk(existsSync(join(cwd, 'reports')))
  })
}

test('an empty operand is not the current folder', async (t) => {
  const cwd = t.testdir({ 'good.yaml': good })
  assertEnded(t, await commandLine(['validate', ''], { cwd }), 2, 'an empty argument: expected a file, a folder')
  for (const command of ['run', 'audit']) {
    assertEnded(
      t,
      await commandLine([command, 'good.yaml', '--out', ''], { cwd }),
      2,
      '--out <dir>',
      'Expected a folder.',
    )
  }
})

test('a missing file, and a folder without scenarios', async (t) => {
  const cwd = t.testdir({ folder: {} })
  const missing = await badgateway(['run', 'missing.yaml'], { cwd })
  assertEnded(t, missing, 2, 'missing.yaml: no such file, folder or id of a scenario')
  const none = await commandLine(['run', 'folder'], { cwd })
  assertEnded(t, none, 2, 'folder: no scenario file (*.yaml, *.yml, *.json) in it')
})
