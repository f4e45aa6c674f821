/**
 * The gateway beside a plain TCP relay (the pipe of node:net), in one run: `npm run bench:gateway`. Requests and bytes through
 * long tunnels and in absolute form, in interleaved rounds, as ratios to the relay within a round; then 5,000 tunnels held
 * open, with the memory of each. One process each, the same client for all. Writes bench/gateway.md. `--rounds N --seconds N
 * --tunnels N` for a quick look, which writes nothing.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'

const option = { type: 'string' }
const { values } = parseArgs({ options: { rounds: option, seconds: option, tunnels: option } })
const rounds = Number(values.rounds ?? 7)
const seconds = Number(values.seconds ?? 3)
const tunnels = Number(values.tunnels ?? 5000)
const children = []

/** Both ends of every tunnel are the gateway's; a few more are always open. */
const NEEDED = 2 * tunnels + 200
const limit = Number(/Max open files\s+\d+\s+(\d+|unlimited)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
if (limit < NEEDED) {
  console.error(
    `${tunnels} tunnels need ${NEEDED} file descriptors in one process; the limit is ${limit}: ulimit -n ${NEEDED}`,
  )
  process.exit(3)
}

/** How a request is written, and what comes before the first. */
const WAYS = {
  relay: { name: 'plain TCP relay', target: (path) => path },
  tunnel: { name: 'gateway, CONNECT', target: (path) => path, tunnel: true },
  absolute: { name: 'gateway, absolute form', target: (path) => `http://a.test${path}` },
}
const LOADS = {
  requests: { path: '/', connections: 64, unit: 'requests/s', of: ({ count }) => count },
  bytes: { path: '/big', connections: 8, unit: 'MB/s', of: ({ bytes }) => bytes / 1e6 },
}

try {
  const origin = await start('blobs')
  const [relay, gateway] = [await start('pipe', origin.port), await start('gateway', origin.port)]
  const ports = { relay: relay.port, tunnel: gateway.port, absolute: gateway.port }
  const rates = await measure(ports)
  const held = await hold()
  const report = render(rates, held)
  console.log(report)
  if (Object.keys(values).length === 0) writeFileSync(new URL('gateway.md', import.meta.url), report)
} finally {
  for (const child of children) child.kill()
}

/** Starts subjects/<name>.mjs; resolves with the port that it prints. */
async function start(name, ...args) {
  const subject = (file) => new URL(`subjects/${file}.mjs`, import.meta.url).pathname
  const options = ['--expose-gc', '--import', subject('memory'), subject(name), ...args.map(String)]
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  children.push(child)
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`))),
  ])
  return { child, port: Number(line) }
}

/** By load and way, a rate for each round. */
async function measure(ports) {
  const ways = Object.keys(WAYS)
  const rates = Object.fromEntries(
    Object.keys(LOADS).map((load) => [load, Object.fromEntries(ways.map((way) => [way, []]))]),
  )
  for (const load of Object.values(LOADS)) for (const way of ways) await rate(way, ports[way], load, 0.5)
  for (let round = 0; round < rounds; round++) {
    for (const [name, load] of Object.entries(LOADS)) {
      for (let k = 0; k < ways.length; k++) {
        // Each begins another round, and every second one runs backwards: nobody is always behind the same neighbour.
        const step = round % 2 ? ways.length - k : k
        const way = ways[(step + round) % ways.length]
        rates[name][way].push(await rate(way, ports[way], load, seconds))
      }
    }
    console.error(`round ${round + 1} of ${rounds} done`)
  }
  return rates
}

/** One request after the other on each of so many connections, which are open before the time begins. */
async function rate(way, port, { path, connections, of }, forSeconds) {
  const bytes = `GET ${WAYS[way].target(path)} HTTP/1.1\r\nHost: a.test\r\n\r\n`
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port, WAYS[way].tunnel)))
  const done = { count: 0, bytes: 0 }
  const started = performance.now()
  const until = started + forSeconds * 1000
  await Promise.all(sockets.map((socket) => repeat(socket, bytes, until, done)))
  const took = (performance.now() - started) / 1000
  for (const socket of sockets) socket.destroy()
  if (done.count === 0) throw new Error(`${way}: no answer at all`)
  return of(done) / took
}

async function open(port, tunnel) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  if (!tunnel) return socket
  socket.write('CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n')
  const [head] = await once(socket, 'data')
  if (!head.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(`no tunnel: ${head}`)
  return socket
}

/** A single answer that is not the origin's is an error. */
function repeat(socket, request, until, done) {
  return new Promise((resolve, reject) => {
    let left = 0
    let head = ''
    const send = () => {
      head = ''
      socket.write(request)
    }
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed')))
    socket.on('data', (chunk) => {
      let body = chunk.length
      if (left === 0) {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        if (!head.startsWith('HTTP/1.1 200 ')) return reject(new Error(head.slice(0, end)))
        left = Number(/content-length: (\d+)/i.exec(head)[1])
        body = head.length - end - 4
        done.bytes += left
      }
      left -= body
      if (left > 0) return
      done.count++
      if (performance.now() < until) return send()
      socket.removeAllListeners('close')
      resolve()
    })
    send()
  })
}

/** So many connections at once through each, which nobody uses, and what each costs. */
async function hold() {
  const sink = await start('sink')
  const result = {}
  for (const way of ['relay', 'tunnel']) {
    const subject = await start(way === 'relay' ? 'pipe' : 'gateway', sink.port)
    // The first ones pay for what is loaded and compiled once.
    await closeAll(await openMany(subject.port, way, 200))
    const before = await memoryOf(subject.child)
    const sockets = await openMany(subject.port, way, tunnels)
    const after = await memoryOf(subject.child)
    const alive = sockets.filter((socket) => !socket.destroyed).length
    if (alive !== tunnels) throw new Error(`${way}: ${tunnels - alive} of ${tunnels} were closed`)
    await closeAll(sockets)
    result[way] = { heap: (after.heap - before.heap) / tunnels, rss: (after.rss - before.rss) / tunnels }
    console.error(`${tunnels} held through ${WAYS[way].name}`)
  }
  return result
}

async function openMany(port, way, count) {
  const sockets = []
  while (sockets.length < count) {
    const some = Math.min(100, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => open(port, WAYS[way].tunnel)))))
  }
  return sockets
}

async function closeAll(sockets) {
  await Promise.all(
    sockets.map((socket) => {
      socket.destroy()
      return socket.closed ? undefined : once(socket, 'close')
    }),
  )
}

async function memoryOf(child) {
  // Whoever has accepted has also dialled by then.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  child.send('memory')
  const [told] = await once(child, 'message')
  return told
}

function render(rates, held) {
  const rows = Object.entries(LOADS).flatMap(([load, { unit, connections, path }]) =>
    Object.keys(WAYS).map((way) => {
      const ratios = rates[load][way].map((each, round) => each / rates[load].relay[round])
      const spread = way === 'relay' ? '' : `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
      const body = path === '/' ? '64 B' : '1 MB'
      const cells = [WAYS[way].name, `${body}, ${connections}`, `${Math.round(median(rates[load][way]))} ${unit}`]
      return `| ${[...cells, median(ratios).toFixed(2), spread].join(' | ')} |`
    }),
  )
  const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`
  const memory = Object.entries(held).map(([way, { heap, rss }]) => `| ${WAYS[way].name} | ${kb(heap)} | ${kb(rss)} |`)
  return `# The gateway

\`npm run bench:gateway\`: median of ${rounds} interleaved rounds of ${seconds} s, journal off, one request after the other on each
connection, Node ${process.version} on ${cpus().length} cores (${cpus()[0].model.trim()}). A tunnel is opened once and kept. The ratio is to the relay
of the same round: \`net.connect\` and \`pipe\`, both ways, and nothing else.

| through | body, connections | rate | ratio to the relay | spread of the ratio |
|---|---|---|---|---|
${rows.join('\n')}

${tunnels} connections held open, unused, behind the garbage collector. Each is two sockets of the process, so ${2 * tunnels} file
descriptors; the limit here is ${limit} (\`ulimit -n\`).

| through | heap and buffers for each | resident memory for each |
|---|---|---|
${memory.join('\n')}
`
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
