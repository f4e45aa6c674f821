/** ofetch, whose retries are on by default. The table of clients names it. */
import type { $Fetch } from 'ofetch'
import type { ClientDriver } from './driver.js'

export const ofetch: ClientDriver = {
  summary: 'ofetch with its defaults: one retry at once, of methods that carry no payload',
  packages: ['ofetch'],
  usage: `import { ofetch } from 'ofetch'

const data = await ofetch(url, { signal })`,
  async create(load) {
    const { ofetch: client } = (await load('ofetch')) as { ofetch: $Fetch }
    return async (url, init) => {
      // raw() is the same call and keeps the status; as text, or it would make an object of JSON.
      const response = await client.raw(url, { ...init, responseType: 'text' })
      return { status: response.status, text: async () => response._data ?? '' }
    }
  },
}
