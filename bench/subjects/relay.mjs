/** The relay of a link whose fault selects every chunk and takes none. argv: origin port. Prints its port. */
import { faultSchema } from '../../dist/core/fault/fault.js'
import { startRelay } from '../../dist/live/relay.js'
import { startSite } from '../../dist/live/start.js'

const harmless = faultSchema.parse({ id: 'harmless', on: 'lb->app', at: 'wire', effect: 'reset', probability: '0%' })
const site = await startSite({ id: 'bench', hops: {}, faults: [harmless], seed: 1 }, null, console.error)
const addressOf = () => ({ hop: 'app', place: 'app', host: '127.0.0.1', port: Number(process.argv[2]) })
const { port } = await startRelay({ ...site, addressOf }, 'lb->app', 'app')
console.log(port)
