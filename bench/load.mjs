/**
 * Open load: 5,000 requests a second for 30 s at an origin, and through the mini proxy, from the thread of the clients;
 * beside it autocannon at the same rate, in a process of its own as it is used, at the same origin. Counted at the origin.
 * `npm run bench:load`, or after a build: node bench/load.mjs [seconds] [rate]. It writes bench/load.md.
 */
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { rig } from '../dist/rig.js'

const [seconds = 30, rate = 5000] = process.argv.slice(2).map(Number)
const CONNECTIONS = 50

if (process.send) {
  process.once('message', async (options) => {
    const { latency, ...counted } = await autocannon(options)
    process.send({
      answered: counted.requests.total,
      p50: latency.p50,
      p99: latency.p99,
      max: latency.max,
    })
    process.disconnect()
  })
} else {
  const rows = [await ours('an origin', 'app'), await ours('the mini proxy', 'lb'), await theirs()]
  const table = [
    '| load | target | asked | sent | counted at the origin | lost | start delay p50 / p99 / max | latency p50 / p99 | begun late |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ]
  const text = `# Open load

${rate} requests a second for ${seconds} s. \`npm run bench:load\` makes this page. ${cpus().length} cores, ${cpus()[0].model.trim()}, Node ${process.version}.

${table.join('\n')}

Start delay: from the time at which a request was to be sent until it was begun. Latency counts from the intended time, so the
delay is in it; of autocannon from the moment of sending, corrected for what that leaves out. It sends in bursts, a part of a
second's requests at once for each connection, and tells no start delay; sent is what was answered. Begun late: more than 250 ms, or 1 % of the load.
`
  writeFileSync(new URL('load.md', import.meta.url), text)
  console.log(text)
}

async function ours(target, to) {
  const lab = await rig({
    hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } },
    clients: { plain: { to, load: { rate: `${rate}/s`, for: `${seconds}s` } } },
  })
  let facts
  try {
    facts = await lab.load()
  } finally {
    await lab.close()
  }
  const { asked, sent, in_time, ...delays } = facts.loads.get('plain')
  const { latency_p50_ms, latency_p99_ms } = facts.clients.get('plain').metrics
  const counted = facts.origins.get('app').requests
  const delay = [delays.start_delay_p50_ms, delays.start_delay_p99_ms, delays.start_delay_max_ms].map(ms).join(' / ')
  return [
    'badgateway',
    target,
    asked,
    sent,
    counted,
    sent - counted,
    delay,
    both(latency_p50_ms, latency_p99_ms),
    sent - in_time,
  ]
}

async function theirs() {
  const lab = await rig({ hops: { app: { kind: 'origin' } } })
  try {
    const peer = fork(fileURLToPath(import.meta.url))
    const answer = new Promise((resolve, reject) => peer.once('message', resolve).once('error', reject))
    peer.send({ url: lab.url, overallRate: rate, duration: seconds, connections: CONNECTIONS })
    // What it calls sent begins with a second's requests that it has not sent yet.
    const { answered, p50, p99 } = await answer
    const counted = lab.facts.origins.get('app').requests
    return [
      `autocannon, ${CONNECTIONS} connections`,
      'an origin',
      rate * seconds,
      answered,
      counted,
      Math.max(0, answered - counted),
      'not told',
      both(p50, p99),
      'not told',
    ]
  } finally {
    await lab.close()
  }
}

function ms(value) {
  return `${value.toFixed(1)} ms`
}

function both(p50, p99) {
  return `${ms(p50)} / ${ms(p99)}`
}
