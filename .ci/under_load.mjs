/**
 * Scenarios that depend on the machine's time hold on a busy machine, or say that they can't be judged: each with a
 * `max_lag` is run twenty times while another process burns a core. Exits 1 when one fails, or is never judged at all.
 * Run it after `npm run build`: node .ci/under_load.mjs [times] [id ...]
 */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../dist/run.js'
import { readScenario } from '../dist/scenario/files.js'

const [times = '20', ...wanted] = process.argv.slice(2)
const folder = fileURLToPath(new URL('../scenarios/causes', import.meta.url))
const files = readdirSync(folder).map((name) => join(folder, name))
const all = await Promise.all(files.map(async (file) => ({ file, scenario: await readScenario(file) })))
const loaded = all.filter(({ scenario: { id, max_lag } }) =>
  wanted.length > 0 ? wanted.includes(id) : max_lag !== undefined,
)

const burner = spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' })
let bad = 0
try {
  for (const one of loaded) bad += (await holds(one)) ? 0 : 1
} finally {
  burner.kill('SIGKILL')
}
process.exitCode = bad > 0 ? 1 : 0

async function holds(one) {
  const counts = { pass: 0, inconclusive: 0 }
  const reasons = new Set()
  const started = performance.now()
  for (let n = 0; n < Number(times); n++) {
    const [result] = (await run([one])).scenarios
    counts[result.verdict] = (counts[result.verdict] ?? 0) + 1
    if (result.verdict === 'pass') continue
    const failed = result.checks.filter(({ verdict }) => verdict === 'fail')
    const told = failed.map(({ name, expected, actual }) => `${name}: expected ${expected}, actual ${actual}`)
    reasons.add([result.reason, ...(result.verdict === 'inconclusive' ? [] : told)].join('\n      '))
  }
  const { pass, inconclusive, ...others } = counts
  const ok = Object.keys(others).length === 0 && pass > 0
  const figures = Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`)
  const mean = ((performance.now() - started) / Number(times)).toFixed(0)
  console.log(`${ok ? '✓' : '✗'} ${one.scenario.id}: ${figures.join(', ')} of ${times}, ${mean} ms each`)
  for (const reason of reasons) console.log(`    ${reason}`)
  return ok
}
