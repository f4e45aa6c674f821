/**
 * How fast the mini proxy is beside others, in one run: `npm run bench`. Same origin, 64 connections, 64-byte body, one
 * process each, interleaved rounds; what counts is the ratio to the bare plugin within a round, since machines are
 * noisy. Writes bench/results.md. `--rounds N --seconds N` for a quick look, which writes nothing.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { startHaproxy } from './haproxy.mjs'
import { startNginx } from './nginx.mjs'

const PLAIN = 'mini proxy, journal off'
const BALANCED = 'mini proxy, journal off, all of its balancing on'

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seconds: { type: 'string' } } })
const rounds = Number(values.rounds ?? 7)
const seconds = Number(values.seconds ?? 4)
const folder = mkdtempSync(join(tmpdir(), 'badgateway-bench-'))
const journal = join(folder, 'journal.ndjson')
const children = []

try {
  const nginx = await startNginx(folder)
  if (nginx) children.push(...nginx.children)
  const originPort = nginx?.originPort ?? (await start('origin'))
  const haproxy = await startHaproxy(folder, originPort)
  if (haproxy) children.push(haproxy.child)
  const subjects = [
    { name: '@fastify/http-proxy, bare', port: await start('bare', originPort) },
    { name: PLAIN, port: await start('mini', originPort, 'plain') },
    { name: BALANCED, port: await start('mini', originPort, 'balanced') },
    { name: 'mini proxy, journal on', port: await start('mini', originPort, 'plain', journal) },
    { name: 'node:http + undici dispatch (the limit)', port: await start('direct', originPort) },
    ...(nginx ? [{ name: `nginx ${nginx.version}, one worker`, port: nginx.proxyPort }] : []),
    ...(haproxy ? [{ name: `HAProxy ${haproxy.version}, one thread`, port: haproxy.port }] : []),
  ]
  const rates = subjects.map(() => [])
  for (const { port } of subjects) await load(port, 1)
  for (let round = 0; round < rounds; round++) {
    for (let k = 0; k < subjects.length; k++) {
      // Each begins another round, and every second one runs backwards: nobody is always behind the same neighbour.
      const step = round % 2 ? subjects.length - k : k
      const index = (step + round) % subjects.length
      rates[index].push(await load(subjects[index].port, seconds))
    }
    console.error(`round ${round + 1} of ${rounds} done`)
  }
  const report = render(subjects, rates, { nginx, haproxy })
  console.log(report)
  if (!values.rounds && !values.seconds) writeFileSync(new URL('results.md', import.meta.url), report)
} finally {
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
}

/** Starts subjects/<name>.mjs; resolves with the port that it prints. */
function start(name, ...args) {
  const file = new URL(`subjects/${name}.mjs`, import.meta.url)
  const child = spawn(process.execPath, [file.pathname, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(Number(line)))
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
  })
}

/** Requests per second; a single answer that is not the origin's is an error. */
async function load(port, duration) {
  const url = `http://127.0.0.1:${port}/`
  const result = await autocannon({ url, connections: 64, duration, headers: { host: 'bench' } })
  if (result.errors || result.non2xx) throw new Error(`${url}: ${result.errors} errors, ${result.non2xx} not 2xx`)
  if (result['2xx'] === 0) throw new Error(`${url}: no answer at all`)
  return result['2xx'] / result.duration
}

function render(subjects, rates, { nginx, haproxy }) {
  const rows = subjects.map(({ name }, index) => {
    const ratios = rates[index].map((rate, round) => rate / rates[0][round])
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)]
    const spread = index === 0 ? '' : `${low.toFixed(2)} to ${high.toFixed(2)}`
    return `| ${name} | ${Math.round(median(rates[index]))} | ${median(ratios).toFixed(2)} | ${spread} |`
  })
  const pairs = (name, to) => {
    const [of, by] = [name, to].map((wanted) => rates[subjects.findIndex(({ name }) => name.startsWith(wanted))])
    const ratios = of.map((rate, round) => rate / by[round])
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)]
    return `${median(ratios).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`
  }
  const beside = [
    nginx ? ` To nginx, the mini proxy is ${pairs(PLAIN, 'nginx')}.` : '',
    haproxy
      ? ` To HAProxy it is ${pairs(PLAIN, 'HAProxy')}.`
      : ' HAProxy is not among them, for it is not installed: apt-get install haproxy.',
  ]
  const origin = nginx ? 'nginx' : 'node:http (nginx-light is not installed: apt-get install nginx-light)'
  return `# Throughput

\`npm run bench\`: median of ${rounds} interleaved rounds of ${seconds} s, 64 connections, 64-byte body, origin ${origin}, load by
autocannon, Node ${process.version} on ${cpus().length} cores. The journal of the run took ${(statSync(journal).size / 1e6).toFixed(0)} MB.

| proxy | requests/s | ratio to the bare plugin | spread of the ratio |
|---|---|---|---|
${rows.join('\n')}

Pairs within a round, median and spread: with three servers, weights, limits, a queue, health checks and all conditions of
next_upstream the mini proxy is ${pairs(BALANCED, PLAIN)} of itself with one plain upstream.${beside.join('')}
`
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
