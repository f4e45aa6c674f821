/** superagent, its retries turned on with retry() and no number. The table of clients names it. */
import type { ClientDriver } from './driver.js'

export const superagent: ClientDriver = {
  summary: 'superagent with retry(): one retry of any method, at once',
  packages: ['superagent'],
  usage: `import request from 'superagent'

const response = await request('GET', url).retry()
const text = response.text`,
  lacks: { stream: 'superagent takes a stream by pipe(), and retries nothing that was piped' },
  async create(load) {
    const { default: request } = (await load('superagent')) as { default: SuperAgent }
    return async (url, { method, headers, body, signal }) => {
      const call = request(method, url).set(headers).retry()
      if (body instanceof FormData) for (const [name, value] of body) call.field(name, String(value))
      else if (typeof body === 'string') call.send(body)
      const abort = () => void call.abort()
      signal?.addEventListener('abort', abort)
      try {
        const response = await call
        return { status: response.status, text: async () => response.text ?? '' }
      } finally {
        // Aborting what is done already throws where nobody catches it.
        signal?.removeEventListener('abort', abort)
      }
    }
  },
}

/** As much of it as is called here: its types are no part of it. */
type SuperAgent = (method: string, url: string) => SuperRequest

interface SuperRequest extends PromiseLike<{ status: number; text?: string }> {
  set(headers: Record<string, string>): this
  retry(): this
  send(body: string): this
  field(name: string, value: string): this
  abort(): void
}
