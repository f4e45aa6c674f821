/**
 * How long a replay of the whole catalogue takes, and whether a hundred of them in one process leave anything behind:
 * `npm run bench:replay`. Writes bench/replay.md; `--replays N` for a quick look, which writes nothing. Exit code 1 when
 * a verdict was not a pass, or when memory or handles grew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
const { run } = await import('../dist/run.js')
const { readScenarios } = await import('../dist/scenario/files.js')

const { values } = parseArgs({ options: { replays: { type: 'string' } } })
const replays = Number(values.replays ?? 100)
/** Lazily loaded code, compiled functions and pools settle in these. */
const WARM_UP = Math.min(5, replays)

const folder = new URL('../scenarios/causes/', import.meta.url).pathname
const loaded = await readScenarios(
  readdirSync(folder)
    .sort()
    .map((name) => folder + name),
)
const odd = new Map()
const times = []
const samples = []

for (let round = 1 - WARM_UP; round <= replays; round++) {
  const result = await run(loaded)
  for (const { id, verdict, reason } of result.scenarios) {
    if (verdict !== 'pass') odd.set(`${id}: ${verdict}, ${reason}`, (odd.get(`${id}: ${verdict}, ${reason}`) ?? 0) + 1)
  }
  if (round >= 0) samples.push(await measure())
  if (round > 0) times.push(result.duration_ms)
  if (round > 0 && round % 10 === 0) console.error(`replay ${round} of ${replays}`)
}

const [before, after] = [samples[0], samples.at(-1)]
const counted = ['descriptors', 'resources', 'threads', 'children']
const leaking = counted.filter((what) => after[what] > before[what])
const growth = slope(samples.map(({ heapMb }) => heapMb)) * replays
if (growth > 0.05 * before.heapMb) leaking.push('heap')
const report = render()
console.log(report)
if (!values.replays) writeFileSync(new URL('replay.md', import.meta.url), report)
if (odd.size > 0 || leaking.length > 0) process.exitCode = 1

/** What this process holds, once what is closing is closed and what is garbage is collected. */
async function measure() {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    gc()
  }
  const status = readFileSync('/proc/self/status', 'latin1')
  return {
    heapMb: process.memoryUsage().heapUsed / 1e6,
    rssMb: process.memoryUsage().rss / 1e6,
    descriptors: readdirSync('/proc/self/fd').length,
    resources: process.getActiveResourcesInfo().length,
    threads: Number(/Threads:\s*(\d+)/.exec(status)[1]),
    children: readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').split(' ').filter(Boolean).length,
  }
}

function render() {
  const row = (what, of, unit = '') => `| ${what} | ${of(before)}${unit} | ${of(after)}${unit} |`
  return `# Replay

\`npm run bench:replay\`: the whole catalogue, ${loaded.length} scenarios, ${replays} times in one process after ${WARM_UP} to warm up, Node
${process.version} on ${cpus().length} cores. One replay takes ${seconds(median(times))} (median; ${seconds(Math.min(...times))} to ${seconds(Math.max(...times))}).

| after the garbage collector | before | after ${replays} replays |
|---|---|---|
${row('heap', ({ heapMb }) => heapMb.toFixed(1), ' MB')}
${row('resident memory', ({ rssMb }) => rssMb.toFixed(0), ' MB')}
${row('file descriptors', ({ descriptors }) => descriptors)}
${row('active resources of Node', ({ resources }) => resources)}
${row('threads', ({ threads }) => threads)}
${row('child processes', ({ children }) => children)}

The heap's trend over all replays is ${growth >= 0 ? '+' : ''}${growth.toFixed(2)} MB. ${leaking.length ? `Not flat: ${leaking.join(', ')}.` : 'Flat: nothing grew.'}
${[...odd].map(([what, times]) => `\nNot a pass, ${times} of ${replays + WARM_UP} times: ${what}`).join('')}`
}

/** Of the straight line through the figures, per step. */
function slope(figures) {
  const middle = (figures.length - 1) / 2
  const mean = figures.reduce((sum, figure) => sum + figure, 0) / figures.length
  let [over, under] = [0, 0]
  for (const [index, figure] of figures.entries()) {
    over += (index - middle) * (figure - mean)
    under += (index - middle) ** 2
  }
  return under === 0 ? 0 : over / under
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`
}
