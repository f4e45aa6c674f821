/**
 * That every rule can fail, and can pass: each is asked of the client that is right in everything, of the one that is wrong
 * in everything, and of one that differs from the right one in a single habit. All of them run as a user's own file does,
 * in a process whose clock runs fast.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import t from 'tap'
import { judge } from '../../src/audit/audit.js'
import type { RuleResult } from '../../src/audit/result.js'
import { rules } from '../../src/audit/rules/index.js'
import { moduleSubject } from '../../src/clients/module.js'
import { fails } from './controls/wrong.js'

const here = 'test/audit'
const ids = Object.keys(rules)
const folder = await compiled()

/** A loader of TypeScript in each of a hundred processes would take most of the time. */
async function compiled(): Promise<string> {
  const outdir = resolve('node_modules/.cache/badgateway-controls')
  mkdirSync(outdir, { recursive: true })
  const entryPoints = ['controls', 'wrong'].flatMap((name) =>
    readdirSync(join(here, name)).map((file) => join(here, name, file)),
  )
  await build({
    entryPoints,
    outdir,
    outbase: here,
    bundle: true,
    splitting: true,
    alias: { undici: resolve(here, 'undici_agent.mjs') },
    // For undici, which is CommonJS.
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)` },
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  })
  return outdir
}

const never = new AbortController().signal

/** On a faster clock undici lets go of a connection before a busy machine makes the next call. */
const KEEPING = ['keeps-connections', 'idle-close-race']
/** They wait for minutes of the client's clock, and begin first. */
const LONG = ['bounded', 'settles', 'retries-timeout']

async function judged(id: string, client: string): Promise<RuleResult> {
  const timeScale = KEEPING.includes(id) ? 5 : LONG.includes(id) ? 100 : 50
  return (await judge(moduleSubject(client, { folder, timeScale }), id, rules[id]!, {
    signal: never,
    limitMs: 90_000,
  }))!
}

/** Again where the machine was too busy to tell. */
async function verdict(id: string, client: string): Promise<RuleResult> {
  for (let left = 3; ; left--) {
    const finding = await judged(id, client)
    if (finding.verdict !== 'inconclusive' || left === 0) return finding
  }
}

const wrongOf = (id: string): string =>
  Object.keys(fails).find((name) => (fails as Record<string, readonly string[]>)[name]!.includes(id)) ?? ''

/** It has no breaker; that of its other export is right. */
const rightOf = (id: string): string => (id === 'half-open-probe' ? 'withBreaker' : 'send')

t.test('every rule has its wrong client, and every wrong client its rule', async (t) => {
  const files = readdirSync(join(here, 'wrong')).map((file) => file.replace(/\.ts$/, ''))
  t.same(files.sort(), [...ids].sort())
  t.same(Object.values(fails).flat().sort(), [...ids].sort())
})

// More of them at once take as long, and each client's own limits of time ring before it gets its turn.
t.jobs = 4
const inOrder = Object.entries(rules).sort(([a], [b]) => Number(LONG.includes(b)) - Number(LONG.includes(a)))
for (const [id, { alone, summary, why }] of inOrder) {
  const cases = [
    ['pass', `./controls/right.js#${rightOf(id)}`],
    ['fail', `./wrong/${id}.js#send`],
    ['fail', `./controls/wrong.js#${wrongOf(id)}`],
  ] as const
  for (const [wanted, client] of cases) {
    t.test(`${id}: ${client}`, { buffered: true, jobs: 1, ...(alone && { buffered: false }) }, async (t) => {
      t.ok(summary && why)
      const finding = await verdict(id, client)
      t.equal(finding.verdict, wanted, `${client}: ${finding.because}`, { finding })
    })
  }
}
