/** Node's fetch, which retries nothing: what the others are compared with. The table of clients names it. */

import { fetchInit } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const plain_fetch: ClientDriver = {
  summary: "Node's own fetch: no retries, and no timeout but those of its connections",
  packages: [],
  usage: `const response = await fetch(url, { signal })
const text = await response.text()`,
  async create() {
    return (url, init) => fetch(url, fetchInit(init))
  },
}
