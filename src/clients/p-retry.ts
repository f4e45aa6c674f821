/** p-retry around fetch, a bad status thrown, as its readme has it. The table of clients names it. */
import type PRetry from 'p-retry'
import { fetchOk, fetchOkUsage } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const p_retry: ClientDriver = {
  summary: 'p-retry with its defaults around fetch: ten retries of whatever is thrown, after 1, 2, 4 … 512 seconds',
  packages: ['p-retry'],
  usage: `import pRetry from 'p-retry'

${fetchOkUsage}

const text = await pRetry(() => read(url, { signal }), { signal })`,
  async create(load) {
    const { default: retried } = (await load('p-retry')) as { default: typeof PRetry }
    return (url, init) => retried(() => fetchOk(url, init), init.signal ? { signal: init.signal } : {})
  },
}
