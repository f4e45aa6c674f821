/**
 * What it costs to fold events into facts: `npm run build && node bench/fold.mjs`. Nanoseconds per event of the whole reducer,
 * ledger and metrics included, for requests through a proxy with a retry in each tenth; and what memory is kept. It runs on
 * the main thread beside the proxy, so at 10,000 events a second 1,000 ns are 1 % of a core. Prints, and writes nothing.
 */
import { parseArgs } from 'node:util'
import { createReduction } from '../dist/journal/reduce.js'

const { values } = parseArgs({ options: { requests: { type: 'string' }, rounds: { type: 'string' } } })
const requests = Number(values.requests ?? 150_000)
const rounds = Number(values.rounds ?? 5)
const APP = '127.0.0.1:7001'
const LB = '127.0.0.1:7002'
const ways = {
  readers: { app: true, lb: true },
  through: {},
  clients: { plain: { to: ['lb'], tells: true } },
  behindStranger: [],
}

const figures = []
for (let round = 0; round < rounds; round++) {
  global.gc?.()
  const before = process.memoryUsage().heapUsed
  const reduction = createReduction([], { ways })
  reduction.add({ event: 'hop', t: 0, hop: 'app', kind: 'origin', address: APP })
  reduction.add({ event: 'hop', t: 0, hop: 'lb', kind: 'proxy', address: LB })
  let [events, spent] = [0, 0n]
  // In batches, made outside of what is measured.
  for (let first = 0; first < requests; first += 1000) {
    const batch = []
    for (let n = first; n < first + 1000; n++) batch.push(...eventsOf(n))
    const start = process.hrtime.bigint()
    for (const event of batch) reduction.add(event)
    spent += process.hrtime.bigint() - start
    events += batch.length
  }
  const start = process.hrtime.bigint()
  const { errors, clients } = reduction.facts
  const factsMs = Number(process.hrtime.bigint() - start) / 1e6
  if (errors.length > 0 || clients.get('plain').metrics.requests !== requests) throw new Error(`wrong: ${errors}`)
  global.gc?.()
  const kept = (process.memoryUsage().heapUsed - before) / 1e6
  figures.push(Number(spent) / events)
  console.error(
    `round ${round + 1}: ${events} events, ${figures.at(-1).toFixed(0)} ns each, facts in ${factsMs.toFixed(1)} ms` +
      (global.gc ? `, ${kept.toFixed(1)} MB kept` : ''),
  )
}
figures.sort((a, b) => a - b)
console.log(`fold: median ${figures[Math.floor(figures.length / 2)].toFixed(0)} ns per event, ${rounds} rounds`)

/** Request n of 5,000 a second: read, forwarded, answered; each tenth twice. */
function eventsOf(n) {
  const id = `plain-${n + 1}`
  const at = n / 5
  const retried = n % 10 === 0
  const events = []
  for (let attempt = 1; attempt <= (retried ? 2 : 1); attempt++) {
    const status = retried && attempt === 1 ? 503 : 200
    const t = at + attempt * 3
    const [peer, local] = [`127.0.0.1:${10_000 + (n % 50)}`, `127.0.0.1:${20_000 + (n % 50)}`]
    events.push(
      {
        event: 'served',
        t,
        hop: 'app',
        peer: local,
        request: id,
        method: 'GET',
        path: '/',
        ordinal: n,
        status,
        request_bytes: 0,
        body_crc: 0,
        outcome: 'answered',
        queued_ms: 0.1,
        locked_ms: 0,
        worked_ms: 1,
        ms: 1.5,
      },
      {
        event: 'forward',
        t,
        hop: 'lb',
        peer,
        request: id,
        method: 'GET',
        path: '/',
        tries: [{ server: 'app', address: APP, local, reused: true, tls: false, ms: 2, status, response_bytes: 3 }],
        status,
        ms: 2.2,
      },
      {
        event: 'attempt',
        t,
        client: 'plain',
        request: id,
        attempt,
        address: LB,
        local: peer,
        reused: true,
        tls: false,
        status,
        bytes: 3,
        decision: status === 200 ? 'success' : 'again: 503',
        ms: 2.5,
      },
    )
  }
  events.push({
    event: 'request',
    t: at + 6,
    client: 'plain',
    request: id,
    attempts: retried ? 2 : 1,
    ok: true,
    status: 200,
    ms: 6,
  })
  return events
}
