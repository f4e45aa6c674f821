/**
 * Writes what the commands of docs/compare.md print into it: each block of console output between its command and the end
 * of the block. `node .ci/compare.mjs` writes, with --check it compares. What is shown is counted and hangs on the seed
 * alone; times of day are fixed. It needs dist/ (npm run build).
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { commandLine } from '../dist/cli/command_line.js'

const root = resolve(import.meta.dirname, '..')
const page = join(root, 'docs/compare.md')

const committed = readFileSync(page, 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'badgateway-compare-'))
cpSync(join(root, 'docs/examples'), folder, { recursive: true })
process.chdir(folder)
let written = ''
for (const part of committed.split(/^(```console\n\$ npx badgateway [\s\S]*?^```$)/m)) {
  const [, command] = /^```console\n\$ npx (badgateway .*)\n/.exec(part) ?? []
  written += command ? `\`\`\`console\n$ npx ${command}\n${fixed(await printed(command))}\`\`\`` : part
}
process.chdir(root)
rmSync(folder, { recursive: true })

if (!process.argv.includes('--check')) {
  writeFileSync(page, written)
  console.log(`Written: ${page}`)
} else if (written === committed) console.log('docs/compare.md is current')
else {
  const [now, before] = [written.split('\n'), committed.split('\n')]
  const at = now.findIndex((line, index) => line !== before[index])
  console.error('docs/compare.md is not what the commands print. When that is meant: node .ci/compare.mjs')
  console.error(`line ${at + 1}\n  now:       ${now[at]}\n  committed: ${before[at]}`)
  process.exitCode = 1
}

/** In this process, for starting one takes longer than most commands. */
async function printed(command) {
  const { write } = process.stdout
  let text = ''
  process.stdout.write = (chunk) => {
    text += chunk
    return true
  }
  await commandLine(command.split(' ').slice(1))
  process.stdout.write = write
  if (process.exitCode) throw new Error(`${command} ended with ${process.exitCode}: ${text}`)
  return text
}

/** Without what is another in every run: moments, durations, the folder's name. */
function fixed(text) {
  return text
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, '2026-01-01 00:00')
    .replace(/\d{8}-\d{6}-/g, '20260101-000000-')
    .replace(/version \d+\.\d+\.\d+[\w.-]*/g, 'version 0.0.0')
    .replace(/\d+(\.\d+)? (ms|s)(?=[,)])/g, '1 s')
}
