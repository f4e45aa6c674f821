/** What a client puts on the wire, made of its configuration: a request with its body's framing, or raw bytes. */
import { Readable } from 'node:stream'
import { checkAgent } from '../../core/proxy/health_checks/health_check.js'
import type { ClientConfig } from '../../scenario/clients.js'
import type { ExchangeRequest } from '../exchange.js'
import { Conversation } from './conversation.js'
import type { Asked, Route } from './route.js'

export interface Outgoing {
  /** The client names its requests itself. */
  ownId: string | undefined
  /** What to speak behind the handshake; a new one for every attempt, with a key of its own. */
  converse(): Conversation | undefined
  /** A new one for every attempt: a streamed body is read once. */
  request(asked: Asked, conversation?: Conversation): ExchangeRequest
  /** Goes out in the place of the request. */
  raw: Buffer | undefined
  /** Asks for the hop's health instead. */
  check(asked: Asked, path: string): ExchangeRequest
}

export function outgoing(config: ClientConfig['request'], { host, prefix, fields }: Route): Outgoing {
  const { method, path } = config
  const ownId = Object.entries(config.headers).find(([name]) => name.toLowerCase() === 'x-request-id')?.[1]
  const body = bodyOf(config)
  const names = (id: string) => ({
    ...(ownId === undefined && { 'X-Request-Id': id }),
    ...(config.idempotency_key && { 'Idempotency-Key': id }),
  })
  return {
    ownId,
    raw: config.raw === undefined ? undefined : Buffer.from(config.raw, 'latin1'),
    converse: () => (config.upgrade === undefined ? undefined : new Conversation(body ?? Buffer.from('hello'))),
    request: (asked, conversation) => ({
      method,
      path: prefix + path,
      headers: [
        ...Object.entries({ Host: host, ...names(asked.request), ...config.headers }).flat(),
        ...fields(asked),
        ...(conversation?.fields ?? []),
      ],
      once: conversation && { upgrade: 'websocket' },
      // Of a stream nobody knows the length: it goes out in chunks.
      body: conversation
        ? null
        : body && config.framing === 'chunked'
          ? Readable.from([body], { objectMode: false })
          : body,
    }),
    check: (asked, path) => ({
      method: 'GET',
      path: prefix + path,
      headers: ['Host', host, 'User-Agent', checkAgent, 'X-Request-Id', asked.request, ...fields(asked)],
      body: null,
    }),
  }
}

function bodyOf({ body, size }: ClientConfig['request']): Buffer | null {
  if (size !== undefined) return Buffer.alloc(size, 'badgateway ')
  return body === undefined ? null : Buffer.from(body)
}
