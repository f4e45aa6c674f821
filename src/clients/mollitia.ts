/** mollitia's retry module in a circuit around fetch. The table of clients names it. */
import type * as Mollitia from 'mollitia'
import { fetchOk, fetchOkUsage } from './call_init.js'
import type { ClientDriver, Send } from './driver.js'

export const mollitia: ClientDriver = {
  summary: "mollitia's retry module with its defaults around fetch: two retries of whatever is thrown, at once",
  packages: ['mollitia'],
  usage: `import { Circuit, Retry } from 'mollitia'

${fetchOkUsage}

const circuit = new Circuit({ func: read, options: { modules: [new Retry()] } })
const text = await circuit.execute(url, { signal })`,
  async create(load) {
    const { Circuit, Retry } = (await load('mollitia')) as typeof Mollitia
    const circuit = new Circuit({ func: fetchOk, options: { modules: [new Retry()] } })
    return (url, init) => circuit.execute<Awaited<ReturnType<Send>>>(url, init)
  },
}
