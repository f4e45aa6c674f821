/** The mini proxy as shipped. argv: origin port, and a path for the journal, or nothing for none. Prints its port. */
import { createFaultPlan } from '../../dist/core/fault/plan.js'
import { chanceFrom } from '../../dist/lib/random.js'
import { createScope } from '../../dist/lib/scope.js'
import { createCertificates } from '../../dist/live/certificates.js'
import { startProxy } from '../../dist/live/proxy/proxy.js'
import { createJournalFile } from '../../dist/run_folder.js'
import { checkScenario } from '../../dist/scenario/parse.js'

const [, , port, journalPath] = process.argv
const scenario = checkScenario(
  { id: 'bench', title: 'bench', hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'] } } },
  { runnable: false },
)
const chance = chanceFrom(1)
const file = journalPath && createJournalFile(journalPath)
const zero = performance.now()
const site = {
  scenario,
  plan: createFaultPlan([], chance),
  chance,
  certificates: await createCertificates(),
  scope: createScope(),
  journaling: Boolean(file),
  journal: file ? (event) => file.write(event) : () => {},
  now: () => performance.now() - zero,
  addressOf: () => ({ hop: 'app', place: 'app', host: '127.0.0.1', port: Number(port) }),
  onAddressChange() {},
  onLoadEnd() {},
  loadStart: () => zero,
  nameServer: undefined,
  addressStates: new Map(),
  crash: undefined,
  broken: (message) => console.error(message),
}
const address = await startProxy(site, 'lb', scenario.hops.lb)
console.log(address.port)
