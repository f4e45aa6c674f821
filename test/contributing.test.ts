/**
 * "Add a fault in five minutes" of CONTRIBUTING.md, carried out to the letter in a copy of the project: a step that is
 * missing there, or a table that has moved, fails here. Types, golden files and real proxies are left out: they take long.
 */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import t, { type Test } from 'tap'

const COPIED = ['package.json', 'scenarios', 'src', 'test']

t.test('the walk "Add a fault in five minutes" ends in tests that pass', async (t) => {
  const walk = readFileSync('CONTRIBUTING.md', 'utf8').split('## Add a fault in five minutes')[1]!.split('\n## ')[0]!
  const copy = t.testdir({})
  for (const name of COPIED) cpSync(name, join(copy, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))

  const steps = walk.split(/^\*\*\d\. /m).slice(1)
  for (const step of steps) if (!step.startsWith('Run it')) follow(t, copy, step)
  await compiled(copy)
  for (const [, script] of steps.at(-1)!.matchAll(/node (\.ci\/\w+\.mjs)/g)) t.ok(existsSync(script!), script!)
  await passes(t, copy, '.built/test/live/effects.test.js')
  await Promise.all([
    passes(t, copy, '.built/test/causes.test.js', 'echo-service'),
    passes(t, copy, '.built/test/words/words.test.js'),
  ])
})

/** The first file that a step names is made of its code, or gets it. */
function follow(t: Test, copy: string, step: string): void {
  const named = /`((?:src|scenarios|test)\/[^`]+\.\w+)`/.exec(step)![1]!
  const file = join(copy, named)
  const blocks = [...step.matchAll(/```(?:ts|yaml)\n([\s\S]*?)```/g)].map(([, code]) => code!)
  t.ok(blocks.length > 0, `${named}: the step has code`)
  for (const code of blocks) {
    const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined
    const after = before === undefined ? code : joined(before, code)
    t.not(after, before, `${named}: there is a place for ${code.split('\n')[0]}`)
    writeFileSync(file, after)
  }
}

function joined(before: string, code: string): string {
  const put = (place: RegExp) => before.replace(place, (found) => found + code)
  if (code.startsWith('import ')) return code + before
  if (code.startsWith('t.test(')) return `${before}\n${code}`
  if (code.startsWith('    case ')) return put(/^ {2}switch \(effect\.type\) \{\n/m)
  // A list or a row that has one more; or a line in the table.
  const [, key] = /^ {2}(\w+): \w*[[(]/.exec(code) ?? []
  if (key) return before.replace(new RegExp(`^ {2}${key}: [^]*?[\\])],\\n`, 'm'), () => code)
  return put(/^export const effects = \{\n/m)
}

/** What `npm run build` and `test:build` make, without the types. */
async function compiled(copy: string): Promise<void> {
  for (const [from, to] of [
    ['src', 'dist'],
    ['test', '.built/test'],
  ] as const) {
    const files = readdirSync(join(copy, from), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.ts$/.test(name),
    )
    await build({
      entryPoints: files.map((name) => join(copy, from, name)),
      outbase: join(copy, from),
      outdir: join(copy, to),
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
    })
  }
  symlinkSync('../dist', join(copy, '.built/src'))
}

async function passes(t: Test, copy: string, ...words: string[]): Promise<void> {
  const child = spawn(process.execPath, words, { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((ended) => child.once('close', ended)),
  ])
  t.equal(code, 0, `${words.join(' ')}: ${err}${out.split('\n').filter((line) => /^ *not ok/.test(line))}`)
}
