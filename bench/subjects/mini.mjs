/**
 * The mini proxy as shipped. argv: origin port; `plain` for one upstream, `balanced` for three with all that a load
 * balancer has; and a path for the journal, or nothing for none. Prints its port.
 */
import { nextUpstreamConditions } from '../../dist/core/proxy/forward.js'
import { startProxy } from '../../dist/live/proxy/proxy.js'
import { startSite } from '../../dist/live/start.js'
import { createJournalFile } from '../../dist/run_folder.js'
import { checkScenario } from '../../dist/scenario/parse.js'

const [, , port, kind, journalPath] = process.argv
const server = { weight: 2, max_fails: 3, fail_timeout: '10s', max_conns: 1000, slow_start: '1s' }
const balanced = {
  to: [
    { hop: 'a', ...server },
    { hop: 'b', ...server },
    { hop: 'c', ...server },
    { hop: 'd', backup: true },
  ],
  balance: 'least_conn',
  next_upstream: [...nextUpstreamConditions],
  next_upstream_timeout: '10s',
  tries: 3,
  keepalive: { connections: 128, idle: '10s', requests: 10_000 },
  queue: { size: 1000, timeout: '1s' },
  health_check: { type: 'http', path: '/', interval: '500ms' },
}
const hops = {
  ...Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { kind: 'origin' }])),
  lb: { kind: 'proxy', ...(kind === 'balanced' ? balanced : { to: ['a'] }) },
}
const scenario = checkScenario({ id: 'bench', title: 'bench', hops }, { runnable: false })
const file = journalPath && createJournalFile(journalPath)
const journal = file ? (event) => file.write(event) : null
const site = await startSite({ id: 'bench', hops: {}, faults: [], seed: 1 }, journal, console.error)
// The origin is somebody else: all servers stand at its port.
const addressOf = (hop) => ({ hop, place: hop, host: '127.0.0.1', port: Number(port) })
const address = await startProxy({ ...site, scenario, addressOf }, 'lb', scenario.hops.lb)
await site.beginLoad()
console.log(address.port)
