/**
 * What a link's relay costs: `npm run build && node bench/relay.mjs`. Requests per second over the relay of a link with a
 * harmless fault and over the plain pipe of node:net, same origin, in interleaved rounds of one run; what counts is the
 * ratio within a round. `--rounds N --seconds N` for a quick look; two rounds on a
 * busy machine say nothing. Prints, and writes nothing.
 */
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seconds: { type: 'string' } } })
const rounds = Number(values.rounds ?? 7)
const seconds = Number(values.seconds ?? 4)
const children = []

try {
  const origin = await start('origin')
  const subjects = { pipe: await start('pipe', origin), relay: await start('relay', origin) }
  for (const port of Object.values(subjects)) await load(port, 1)
  const ratios = []
  for (let round = 0; round < rounds; round++) {
    const rates = {}
    // Another order in every round: nobody always goes first.
    const order = Object.entries(subjects)
    if (round % 2) order.reverse()
    for (const [name, port] of order) rates[name] = await load(port, seconds)
    ratios.push(rates.relay / rates.pipe)
    const [relay, pipe] = [Math.round(rates.relay), Math.round(rates.pipe)]
    console.error(`round ${round + 1}: relay ${relay}/s, pipe ${pipe}/s, ratio ${ratios.at(-1).toFixed(2)}`)
  }
  ratios.sort((a, b) => a - b)
  const [low, high] = [ratios[0], ratios.at(-1)].map((ratio) => ratio.toFixed(2))
  console.log(`relay to pipe: median ${median(ratios).toFixed(2)}, ${low} to ${high}, ${rounds} rounds`)
} finally {
  for (const child of children) child.kill()
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
  return result['2xx'] / result.duration
}

function median(sorted) {
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
