/**
 * cockatiel's retry around fetch, with nothing said but which errors: it goes on for ever, without a wait. The table of
 * clients names it; cockatiel-backoff is what its readme recommends.
 */
import type * as Cockatiel from 'cockatiel'
import { fetchOk, fetchOkUsage } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const cockatiel: ClientDriver = {
  summary: 'cockatiel with its defaults around fetch: retries without end and without a wait',
  packages: ['cockatiel'],
  usage: `import { handleAll, retry } from 'cockatiel'

${fetchOkUsage}

// Nothing bounds it: maxAttempts is Infinity and the backoff 0 ms unless they are given.
const policy = retry(handleAll, {})
const text = await policy.execute(({ signal }) => read(url, { signal }), signal)`,
  async create(load) {
    const { handleAll, retry } = (await load('cockatiel')) as typeof Cockatiel
    const policy = retry(handleAll, {})
    return (url, init) => policy.execute(({ signal }) => fetchOk(url, { ...init, signal }), init.signal)
  },
}
