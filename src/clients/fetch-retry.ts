/**
 * fetch-retry around Node's fetch. No status is retried by default; its readme turns that on with retryOn, and most
 * who use it do. The table of clients names it.
 */
import type FetchRetry from 'fetch-retry'
import { fetchInit } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const fetch_retry: ClientDriver = {
  summary: 'fetch-retry around fetch, told which statuses to retry: three retries of any method, a second apart',
  packages: ['fetch-retry'],
  usage: `import fetchRetry from 'fetch-retry'

const fetch = fetchRetry(globalThis.fetch)
// Without retryOn only network errors are retried.
const response = await fetch(url, { signal, retryOn: [502, 503, 504] })
const text = await response.text()`,
  async create(load) {
    const { default: wrap } = (await load('fetch-retry')) as { default: typeof FetchRetry }
    const retried = wrap(fetch)
    return (url, init) => retried(url, { ...fetchInit(init), retryOn: [502, 503, 504] })
  },
}
