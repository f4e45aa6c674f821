/** undici's RetryAgent around an Agent, with request(). */
import { Readable } from 'node:stream'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import type { FormData, request } from 'undici'
import type { ClientDriver, Send } from './driver.js'

interface Undici {
  Agent: new () => object
  RetryAgent: new (agent: object) => NonNullable<NonNullable<Parameters<typeof request>[1]>['dispatcher']>
  FormData: new () => FormData
  request: typeof request
}

export const undici_retry_agent = {
  summary: 'undici: RetryAgent with its defaults, 5 retries of idempotent methods',
  packages: ['undici'],
  usage: `import { Agent, request, RetryAgent } from 'undici'
const dispatcher = new RetryAgent(new Agent())
const response = await request(url, { dispatcher, method, headers, body, signal })`,
  async create(load) {
    const { Agent, RetryAgent, FormData, request } = (await load('undici')) as Undici
    const dispatcher = new RetryAgent(new Agent())
    /** A form of Node's own undici is none of this one's. */
    const own = (body: Parameters<Send>[1]['body']) => {
      if (body instanceof ReadableStream) return Readable.fromWeb(body as NodeStream)
      if (!(body instanceof globalThis.FormData)) return body ?? null
      const form = new FormData()
      for (const [name, value] of body) form.append(name, value)
      return form
    }
    return async (url, { method, headers, body, signal }) => {
      const response = await request(url, {
        dispatcher,
        method: method as 'GET',
        headers,
        body: own(body),
        signal: signal!,
      })
      return { status: response.statusCode, text: () => response.body.text() }
    }
  },
} as const satisfies ClientDriver
