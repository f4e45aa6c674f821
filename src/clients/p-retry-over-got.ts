/** p-retry around got, whose own retries are on: a stack as people write it unawares. The table of clients names it. */
import type { Got } from 'got'
import type PRetry from 'p-retry'
import { nodeBody } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const p_retry_over_got: ClientDriver = {
  summary: 'p-retry around got, with the defaults of both: the 3 attempts of got, 11 times',
  packages: ['p-retry', 'got'],
  usage: `import got from 'got'
import pRetry from 'p-retry'

// got retries by itself, so that is two layers of retries.
const text = await pRetry(() => got(url, { signal }).text(), { signal })`,
  async create(load) {
    const { default: got } = (await load('got')) as { default: Got }
    const { default: retried } = (await load('p-retry')) as { default: typeof PRetry }
    return async (url, { method, headers, body, signal }) => {
      const cancel = signal ? { signal } : {}
      const sent = nodeBody(body)
      const options = { method: method as 'GET', headers, ...(sent !== undefined && { body: sent }), ...cancel }
      const response = await retried(() => got(url, options), cancel)
      return { status: response.statusCode, text: async () => response.body }
    }
  },
}
