/** ky: fetch, with retries that are on by default. The table of clients names it. */
import type Ky from 'ky'
import type { ClientDriver } from './driver.js'

export const ky: ClientDriver = {
  summary: 'ky with its defaults: two retries of GET, HEAD, PUT, DELETE, OPTIONS and TRACE, ten seconds an attempt',
  packages: ['ky'],
  usage: `import ky from 'ky'

const text = await ky(url, { signal }).text()`,
  async create(load) {
    const { default: client } = (await load('ky')) as { default: typeof Ky }
    // It asks for duplex itself.
    return (url, init) => client(url, init)
  },
}
