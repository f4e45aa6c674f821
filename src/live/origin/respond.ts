/** The origin's answer: through node:http when nothing is wrong, as bytes when faults wait in it. */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { ResponseConfig } from '../../core/origin/response.js'

/** The body that every such response has. */
export function responseBody(response: ResponseConfig): Buffer {
  if (response.size !== undefined) return Buffer.alloc(response.size, 'badgateway ')
  return Buffer.from(response.body ?? 'ok\n')
}

/** Writes the answer in full. */
export function answer(config: ResponseConfig, body: Buffer, response: ServerResponse): void {
  for (const [name, value] of fieldsOf(config)) response.setHeader(name, value)
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

/** What the scenario wants, and of what kind an echo is. */
const fieldsOf = ({ headers, echo }: ResponseConfig): [string, string][] =>
  echo ? Object.entries({ 'Content-Type': 'application/json', ...headers }) : Object.entries(headers)

/** A whole response as it goes on the wire, and where its parts are. */
export interface ResponseBytes {
  bytes: Buffer
  /** Bytes of the head. */
  head: number
  /** Bytes of the body, its framing left out; 0 where none is sent. */
  body: number
  /** Where so many bytes of the body are on the wire. */
  offsetOf(bodyBytes: number): number
}

/** When chunked, the body is one chunk; its size line goes with the first byte. */
export function responseBytes(config: ResponseConfig, body: Buffer, keepAlive: boolean, bodiless: boolean) {
  const head = headBytes(config, body.length, keepAlive)
  const sent = bodiless || BODILESS.has(config.status) ? Buffer.alloc(0) : body
  const chunked = config.framing === 'chunked' && !bodiless && !BODILESS.has(config.status)
  const before = Buffer.from(chunked && sent.length > 0 ? `${sent.length.toString(16)}\r\n` : '')
  const behind = Buffer.from(chunked ? (sent.length > 0 ? '\r\n0\r\n\r\n' : '0\r\n\r\n') : '')
  return {
    bytes: Buffer.concat([head, before, sent, behind]),
    head: head.length,
    body: sent.length,
    offsetOf: (bodyBytes: number) => head.length + (bodyBytes === 0 ? 0 : before.length + bodyBytes),
  } satisfies ResponseBytes
}

const BODILESS = new Set([204, 304])

function headBytes(config: ResponseConfig, length: number, keepAlive: boolean): Buffer {
  const fields = fieldsOf(config).map(([name, value]) => `${name}: ${value}\r\n`)
  if (config.framing === 'content-length') fields.push(`Content-Length: ${length}\r\n`)
  if (config.framing === 'chunked') fields.push('Transfer-Encoding: chunked\r\n')
  fields.push(`Date: ${new Date().toUTCString()}\r\n`, `Connection: ${keepAlive ? 'keep-alive' : 'close'}\r\n`)
  return Buffer.from(
    `HTTP/1.1 ${config.status} ${STATUS_CODES[config.status] ?? ''}\r\n${fields.join('')}\r\n`,
    'latin1',
  )
}
