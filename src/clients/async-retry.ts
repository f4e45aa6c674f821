/** async-retry around fetch, a bad status thrown. The table of clients names it. */

import { fetchOk, fetchOkUsage } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const async_retry: ClientDriver = {
  summary:
    'async-retry with its defaults around fetch: ten retries of whatever is thrown, each wait 2^n to 2 x 2^n seconds',
  packages: ['async-retry'],
  usage: `import retry from 'async-retry'

${fetchOkUsage}

const text = await retry(() => read(url, { signal }))`,
  timeScale: 100,
  async create(load) {
    const { default: retried } = (await load('async-retry')) as { default: AsyncRetry }
    return (url, init) => retried(() => fetchOk(url, init))
  },
}

/** As much of it as is called here: its types are no part of it. */
type AsyncRetry = <T>(work: () => Promise<T>) => Promise<T>
