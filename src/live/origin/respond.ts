/** The origin's usual answer: through node:http when nothing is wrong, as bytes when a fault will cut it. */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { ResponseConfig } from '../../core/origin/response.js'

/** The body that every response has. */
export function responseBody(response: ResponseConfig): Buffer {
  if (response.size !== undefined) return Buffer.alloc(response.size, 'badgateway ')
  return Buffer.from(response.body ?? 'ok\n')
}

/** Writes the answer in full. */
export function answer(config: ResponseConfig, body: Buffer, response: ServerResponse): void {
  for (const [name, value] of Object.entries(config.headers)) response.setHeader(name, value)
  response.statusCode = config.status
  if (config.framing === 'content-length') response.setHeader('Content-Length', body.length)
  if (config.framing === 'close') {
    response.removeHeader('Transfer-Encoding')
    response.useChunkedEncodingByDefault = false
    response.shouldKeepAlive = false
  }
  if (config.framing === 'chunked') response.setHeader('Transfer-Encoding', 'chunked')
  response.end(body)
}

/** The head as it goes on the wire in front of `length` bytes of body. */
export function headBytes(config: ResponseConfig, length: number): Buffer {
  const fields = Object.entries(config.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  if (config.framing === 'content-length') fields.push(`Content-Length: ${length}\r\n`)
  if (config.framing === 'chunked') fields.push('Transfer-Encoding: chunked\r\n')
  fields.push(`Date: ${new Date().toUTCString()}\r\n`)
  fields.push(config.framing === 'close' ? 'Connection: close\r\n' : 'Connection: keep-alive\r\n')
  return Buffer.from(
    `HTTP/1.1 ${config.status} ${STATUS_CODES[config.status] ?? ''}\r\n${fields.join('')}\r\n`,
    'latin1',
  )
}

/** The first `count` bytes of the body in its framing; when chunked, in one chunk of the whole size, unterminated. */
export function bodyBytes(config: ResponseConfig, body: Buffer, count: number): Buffer {
  const part = body.subarray(0, count)
  if (config.framing !== 'chunked') return part
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), part])
}
