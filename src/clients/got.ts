/** got as it comes: what it makes of a status that is an error is read as the response that it is. */
import { Readable } from 'node:stream'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import type { ClientDriver, Send } from './driver.js'

interface Response {
  statusCode: number
  body: string
}

type Got = (url: string, options: object) => Promise<Response>

export const got = {
  summary: 'got with its defaults: 2 retries of GET, PUT, HEAD, DELETE, OPTIONS and TRACE',
  packages: ['got'],
  usage: `import got from 'got'
const response = await got(url, { method, headers, body, signal })`,
  async create(load) {
    const { default: got } = (await load('got')) as { default: Got }
    return async (url, { method, headers, body, signal }) => {
      const response = await got(url, { method, headers, body: readable(body), signal }).catch(responseOf)
      return { status: response.statusCode, text: async () => response.body }
    }
  },
} as const satisfies ClientDriver

/** Of an HTTPError; whatever else was thrown has none that was read. */
function responseOf(error: { name?: string; response?: Response }): Response {
  if (error.name === 'HTTPError' && error.response) return error.response
  throw error
}

const readable = (body: Parameters<Send>[1]['body']) =>
  body instanceof ReadableStream ? Readable.fromWeb(body as NodeStream) : body
