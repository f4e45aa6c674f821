/**
 * docs/workshop.md does what it says: its commands are run in a project that has badgateway installed, and what it shows
 * of their output is there. `…` stands for what is left out. npx itself, which takes longer than what it starts, runs
 * the first of them; the others are the same words in one process.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import tap, { type Test, test } from 'tap'
import { assertEnded, commandLine, type Ended, normalised, repository, start } from './command.js'

tap.setTimeout(300_000)

interface Exercise {
  title: string
  text: string
  blocks: { language: string; before: string; lines: string[] }[]
}

const document = readFileSync(join(repository, 'docs/workshop.md'), 'utf8')

const exercises: Exercise[] = document
  .split(/^## (?=\d)/m)
  .slice(1)
  .map((section) => {
    const [title, ...rest] = section.split('\n')
    const text = rest.join('\n').split(/^## /m)[0]!
    const fences = [...text.matchAll(/([^\n]*)\n\n?```(\w+)\n([\s\S]*?)```/g)]
    return {
      title: title!,
      text,
      blocks: fences.map(([, before, language, body]) => ({
        before: before!,
        language: language!,
        lines: body!.split('\n').slice(0, -1),
      })),
    }
  })

/** As after `npm install --save-dev badgateway`, which test/cli/package.test.ts really does. */
function project(t: Test): string {
  const cwd = t.testdir({ 'package.json': '{ "private": true }', node_modules: { '.bin': {} } })
  symlinkSync(repository, join(cwd, 'node_modules/badgateway'))
  symlinkSync('../badgateway/dist/cli/main.js', join(cwd, 'node_modules/.bin/badgateway'))
  mkdirSync(join(cwd, 'home'))
  return cwd
}

/** Without times and ports, and without the width of columns. */
const plain = (line: string): string => normalised(line).trim().replace(/\s+/g, ' ')

/** The lines stand in the output in this order; one that ends in `…` begins so. */
function assertShown(t: Test, lines: readonly string[], printed: readonly string[]): void {
  let rest = printed
  for (const line of lines) {
    const wanted = plain(line)
    if (wanted === '…' || wanted === '') continue
    const begin = wanted.endsWith('…') ? wanted.slice(0, -1).trimEnd() : undefined
    const found = rest.findIndex((one) => (begin === undefined ? one === wanted : one.startsWith(begin)))
    t.ok(found >= 0, `shown: ${line.trim()}`) || t.comment(rest.join('\n'))
    if (found >= 0) rest = rest.slice(found + 1)
  }
}

test('six exercises, each with a question, a command, what it reveals and a variation', async (t) => {
  t.equal(exercises.length, 6)
  for (const { title, text, blocks } of exercises) {
    for (const part of ['**Predict.**', '**Command.**', '**Reveal.**', '**Variation.**']) t.match(text, part, title)
    const shown = blocks.filter(({ language }) => language === 'text').flatMap(({ lines }) => lines)
    t.ok(shown.length >= 4, `${title}: shows what is revealed`)
    t.ok(
      shown.every((line) => line.length <= 120),
      `${title}: no line is cut off by a page`,
    )
  }
})

/** Words that no shell makes others of, or sed, which has a shell. */
const COMMAND = /^\$ (npx badgateway [\w. -]+$|sed )/

let npxRan = false

function carriedOut(line: string, cwd: string): Promise<Ended> {
  const [program, , ...words] = line.split(' ')
  if (program === 'npx' && npxRan) return commandLine(words, { cwd })
  npxRan ||= program === 'npx'
  return start('bash', ['-c', line], { cwd, env: { HOME: join(cwd, 'home') } }).ended
}

for (const { title, blocks } of exercises) {
  test(title, async (t) => {
    const cwd = project(t)
    let printed: readonly string[] = []
    let wasShown = true
    for (const { language, before, lines } of blocks) {
      if (language === 'yaml') {
        const [, name] = /`([\w-]+\.yaml)`/.exec(before) ?? []
        t.ok(name, `says where to save it: ${before}`)
        writeFileSync(join(cwd, name!), `${lines.join('\n')}\n`)
      } else if (language === 'text') {
        assertShown(t, lines, printed)
        wasShown = true
      } else {
        t.ok(wasShown, 'what the commands before this one reveal is shown')
        wasShown = false
        printed = []
        for (const line of lines) {
          t.match(line, COMMAND, 'a command that this test may run')
          const ended = await carriedOut(line.slice(2), cwd)
          assertEnded(t, ended, 0)
          printed = [...printed, ...ended.stdout.split('\n').map(plain)]
        }
      }
    }
    t.ok(wasShown, 'what the last commands reveal is shown')
  })
}
