/** opossum around fetch: a circuit breaker, and nothing that retries. The table of clients names it. */

import { fetchOk, fetchOkUsage } from './call_init.js'
import type { ClientDriver, Send } from './driver.js'

export const opossum: ClientDriver = {
  summary:
    'opossum with its defaults around fetch: no retries; it opens when more than half of the calls of ten seconds fail',
  packages: ['opossum'],
  usage: `import CircuitBreaker from 'opossum'

${fetchOkUsage}

const breaker = new CircuitBreaker(read)
const text = await breaker.fire(url, { signal })`,
  async create(load) {
    const { default: CircuitBreaker } = (await load('opossum')) as { default: Opossum }
    const breaker = new CircuitBreaker(fetchOk)
    return (url, init) => breaker.fire(url, init)
  },
}

/** As much of it as is called here: its types are no part of it. */
type Opossum = new (work: Send) => { fire: Send }
