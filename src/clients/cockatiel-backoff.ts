/** cockatiel's retry around fetch, as its readme begins. The table of clients names it; cockatiel is without options. */
import type * as Cockatiel from 'cockatiel'
import { fetchOk, fetchOkUsage } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const cockatiel_backoff: ClientDriver = {
  summary: 'cockatiel as its readme begins, around fetch: three retries with jittered exponential backoff',
  packages: ['cockatiel'],
  usage: `import { ExponentialBackoff, handleAll, retry } from 'cockatiel'

${fetchOkUsage}

const policy = retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() })
const text = await policy.execute(({ signal }) => read(url, { signal }), signal)`,
  timeScale: 20,
  async create(load) {
    const { ExponentialBackoff, handleAll, retry } = (await load('cockatiel')) as typeof Cockatiel
    const policy = retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() })
    return (url, init) => policy.execute(({ signal }) => fetchOk(url, { ...init, signal }), init.signal)
  },
}
