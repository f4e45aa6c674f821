/** exponential-backoff around fetch, a bad status thrown. The table of clients names it. */
import type * as ExponentialBackoff from 'exponential-backoff'
import { fetchOk, fetchOkUsage } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const exponential_backoff: ClientDriver = {
  summary:
    'exponential-backoff with its defaults around fetch: nine retries of whatever is thrown, after 0.1, 0.2 … 25.6 seconds',
  packages: ['exponential-backoff'],
  usage: `import { backOff } from 'exponential-backoff'

${fetchOkUsage}

const text = await backOff(() => read(url, { signal }))`,
  async create(load) {
    const { backOff } = (await load('exponential-backoff')) as typeof ExponentialBackoff
    return (url, init) => backOff(() => fetchOk(url, init))
  },
}
