/** undici's retry interceptor, composed with an agent as its docs have it. The table of clients names it. */
import type { Readable } from 'node:stream'
import type * as Undici from 'undici'
import { nodeBody } from './call_init.js'
import type { ClientDriver } from './driver.js'

export const undici_retry_interceptor: ClientDriver = {
  summary:
    "undici's retry interceptor with its defaults: five retries of idempotent methods, after 0.5, 1, 2, 4, 8 seconds",
  packages: ['undici'],
  usage: `import { Agent, interceptors, request } from 'undici'

const dispatcher = new Agent().compose(interceptors.retry())
const { statusCode, body } = await request(url, { dispatcher, signal })
const text = await body.text()`,
  async create(load) {
    const { Agent, FormData: Form, interceptors, request } = (await load('undici')) as typeof Undici
    const dispatcher = new Agent().compose(interceptors.retry())
    /** It takes a form of Node's own undici for something else, and hangs. */
    const own = (form: FormData) => {
      const its = new Form()
      for (const [name, value] of form) its.append(name, value)
      return its
    }
    return async (url, { method, headers, body, signal }) => {
      const response = await request(url, {
        method: method as 'GET',
        headers,
        body: body instanceof FormData ? own(body) : (nodeBody(body) as string | Readable | undefined),
        signal,
        dispatcher,
      })
      return { status: response.statusCode, text: () => response.body.text() }
    }
  },
}
