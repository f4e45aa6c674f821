/** The gateway as shipped, its journal off. argv: the port of its only destination, `a.test`. Prints its port. */
import { startGateway } from '../../dist/live/gateway/gateway.js'
import { startSite } from '../../dist/live/start.js'
import { checkScenario } from '../../dist/scenario/parse.js'

const hops = { a: { kind: 'origin' }, gw: { kind: 'gateway', to: ['a'] } }
const scenario = checkScenario({ id: 'bench', title: 'bench', hops }, { runnable: false })
const site = await startSite({ id: 'bench', hops: {}, faults: [], seed: 1 }, null, console.error)
// The origin is somebody else.
const addressOf = (hop) => ({ hop, place: hop, host: '127.0.0.1', port: Number(process.argv[2]) })
const address = await startGateway({ ...site, scenario, addressOf }, 'gw', scenario.hops.gw)
await site.beginLoad()
console.log(address.port)
