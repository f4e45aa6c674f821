/** wretch with its retry middleware, as its readme has it. The table of clients names it. */
import type { Wretch } from 'wretch'
import type { retry } from 'wretch/middlewares'
import { fetchInit } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const wretch: ClientDriver = {
  summary:
    'wretch with its retry middleware: ten retries of any bad status and any method, after 0.5, 1, 1.5 … 5 seconds',
  packages: ['wretch', 'wretch/middlewares'],
  usage: `import wretch from 'wretch'
import { retry } from 'wretch/middlewares'

const client = wretch().middlewares([retry()])
const text = await client.url(url).options({ signal }).get().text()`,
  async create(load) {
    const { default: root } = (await load('wretch')) as { default: () => Wretch }
    const middlewares = (await load('wretch/middlewares')) as { retry: typeof retry }
    const client = root().middlewares([middlewares.retry()])
    return (url, init) => {
      const { method = 'GET', body, ...options } = fetchInit(init)
      const call = client.url(url).options(options)
      return (body == null ? call : call.body(body)).fetch(method).res()
    }
  },
}
