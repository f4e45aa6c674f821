/** axios with axios-retry, as its readme begins: no delay unless asked for. The table of clients names it. */
import type { AxiosStatic } from 'axios'
import type { AxiosRetry } from 'axios-retry'
import { nodeBody } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const axios_retry: ClientDriver = {
  summary:
    'axios with axios-retry and its defaults: three retries at once, of idempotent methods and of network errors',
  packages: ['axios-retry', 'axios'],
  usage: `import axios from 'axios'
import axiosRetry from 'axios-retry'

const client = axios.create()
axiosRetry(client, { retries: 3 })
const { data } = await client.get(url, { signal })`,
  async create(load) {
    const { default: axios } = (await load('axios')) as { default: AxiosStatic }
    const { default: addRetries } = (await load('axios-retry')) as { default: AxiosRetry }
    const client = axios.create()
    addRetries(client, { retries: 3 })
    return async (url, { body, ...init }) => {
      // As text, or it would make an object of JSON.
      const response = await client.request<string>({ ...init, url, data: nodeBody(body), responseType: 'text' })
      return { status: response.status, text: async () => response.data }
    }
  },
}
